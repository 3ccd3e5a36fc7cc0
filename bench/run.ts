/** Every benchmark, one after the other: `npm run bench`. Nothing else should run meanwhile. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './candidates.ts';

for (const name of ['decode', 'decide', 'limits', 'relay', 'endurance']) {
  const file = join(root, 'bench', `${name}.ts`);
  if (!existsSync(file)) continue;
  process.stdout.write(`\n${name}\n`);
  const ran = spawnSync(process.execPath, [file], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (ran.status !== 0) process.exitCode = 1;
}
