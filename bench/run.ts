/**
 * Every benchmark, one after the other, or those that are named: `npm run bench`, `npm run bench relay`. What stands after
 * `--` is handed on. Nothing else should run meanwhile.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './candidates.ts';

const BENCHMARKS = ['decode', 'decide', 'limits', 'relay', 'endurance'];
const given = process.argv.slice(2);
const options = given.findIndex((arg) => arg.startsWith('-'));
const named = options === -1 ? given : given.slice(0, options);
const unknown = named.find((name) => !BENCHMARKS.includes(name));
if (unknown !== undefined) {
  process.stderr.write(`there is no benchmark \`${unknown}\`; there are ${BENCHMARKS.join(', ')}\n`);
  process.exit(2);
}
for (const name of named.length > 0 ? named : BENCHMARKS) {
  process.stdout.write(`\n${name}\n`);
  const args = [join(root, 'bench', `${name}.ts`), ...(options === -1 ? [] : given.slice(options))];
  const ran = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (ran.status !== 0) process.exitCode = 1;
}
