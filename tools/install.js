// Runs before `npm start` and `npm test`: installs what the lockfile names, where that is not there yet.
// Plain Node 18 syntax and no dependencies, for it runs before there are any.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (!matches()) {
  process.stderr.write('installing dependencies (npm ci, about half a minute the first time) …\n');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const ran = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (ran.status !== 0) {
    process.stderr.write('npm ci failed; its messages are above\n');
    process.exit(ran.status === null ? 1 : ran.status);
  }
}

/** Whether what is installed is what the lockfile names. npm keeps its own list of the former. */
function matches() {
  const wanted = packages(join(root, 'package-lock.json'));
  const installed = packages(join(root, 'node_modules', '.package-lock.json'));
  if (wanted === undefined || installed === undefined) return false;
  return Object.entries(wanted).every(([path, { version, optional, link }]) => {
    if (path === '' || link === true || !path.startsWith('node_modules/')) return true;
    const found = installed[path];
    // Optional packages are for other platforms where they are missing.
    return found === undefined ? optional === true : found.version === version;
  });
}

function packages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}
