import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** A mutant is asked of the tests beside the code first: what they kill need not run through whole policies. */
class BesideFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const beside = (file: TestSpecification): number => (file.moduleId.includes('/src/stages/') ? 0 : 1);
    return Promise.resolve(files.toSorted((a, b) => beside(a) - beside(b)));
  }
}

/** What `npm run mutate` asks of each changed line: the tests of the two stages, without servers. */
export default defineConfig({
  test: {
    include: ['src/stages/policy/**/*.test.ts', 'src/stages/limits/**/*.test.ts', 'src/rulebook/**/*.test.ts'],
    // Ten seconds a mutant, for 105,000 generated pairs: leaving it out can only let more mutants live.
    exclude: ['src/rulebook/agreement.test.ts'],
    sequence: { sequencer: BesideFirst },
    testTimeout: 60_000,
    pool: 'forks',
  },
});
