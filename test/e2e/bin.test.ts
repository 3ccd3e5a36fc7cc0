import { expect, test } from 'vitest';
import { bin, ended } from '../support/processes.ts';

test('A Node that calls its SQLite an experiment is not heard with every command; other warnings are', async () => {
  const warnings = ['SQLite is an experimental feature and might change at any time', 'Something else is experimental'];
  const say = `for (const one of ${JSON.stringify(warnings)}) process.emitWarning(one, 'ExperimentalWarning')`;
  const preload = `data:text/javascript,${encodeURIComponent(`process.once('beforeExit', () => { ${say} })`)}`;
  const { code, err } = await ended([bin, '--version'], { env: { NODE_OPTIONS: `--import=${preload}` } });
  expect(code).toBe(0);
  expect(err).toContain('Something else is experimental');
  expect(err).not.toContain('SQLite');
});
