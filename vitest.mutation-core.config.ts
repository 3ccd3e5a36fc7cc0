import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The tests beside the code come first: what they kill need not be asked of a whole gateway. */
class BesideFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const inside = (file: TestSpecification): number => (file.moduleId.includes('/src/') ? 0 : 1);
    return Promise.resolve(files.toSorted((a, b) => inside(a) - inside(b)));
  }
}

/** What `stryker.core.json` asks of each changed line: the tests beside the code, and a gateway within the test's own process. */
export default defineConfig({
  test: {
    include: [
      'src/{call,domain,transport}/**/*.test.ts',
      'src/storage/sqlite/*.test.ts',
      'src/stages/{audit,decode,identity,inspect,session}/*.test.ts',
      'test/inside/*.test.ts',
      'test/limits/sqlite.test.ts',
    ],
    // Searches through millions of characters, which take minutes where their code is watched.
    exclude: ['src/stages/inspect/{repeated,web-tokens}.test.ts'],
    sequence: { sequencer: BesideFirst },
    testTimeout: 60_000,
    pool: 'forks',
  },
});
