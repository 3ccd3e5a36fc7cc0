import { defineConfig } from 'vitest/config';

/** What `npm run mutate` asks of each changed line: the tests of the two stages, without servers. */
export default defineConfig({
  test: {
    include: ['src/stages/policy/**/*.test.ts', 'src/stages/limits/**/*.test.ts', 'src/rulebook/**/*.test.ts'],
    testTimeout: 60_000,
    pool: 'forks',
  },
});
