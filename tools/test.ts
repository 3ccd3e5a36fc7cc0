/**
 * `npm test`: brings what the suites need, runs them, and prints last what was left out and how many passed.
 * Database servers and Python are used where they are found; as root on Debian or Ubuntu they are installed. With `CI`
 * set a missing part is a failure.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debianInstaller } from './debian-installer.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

type Part = {
  readonly what: string;
  readonly find: () => string | undefined;
  readonly packages: readonly string[];
  /** The environment variable the suites look at. */
  readonly variable: string;
};

const parts: readonly Part[] = [
  { what: 'PostgreSQL', find: () => postgres(), packages: ['postgresql'], variable: 'SALLYPORT_POSTGRES' },
  {
    what: 'Redis or Valkey',
    find: () => onPath('valkey-server') ?? onPath('redis-server'),
    packages: ['redis-server'],
    variable: 'SALLYPORT_REDIS',
  },
  {
    what: 'the Python MCP SDK',
    find: () => pythonSdk(),
    packages: ['python3', 'python3-venv'],
    variable: 'SALLYPORT_PYTHON',
  },
];

const install = debianInstaller();
const leftOut: string[] = [];
const env: NodeJS.ProcessEnv = { ...process.env };
for (const part of parts) {
  const found = part.find() ?? (install(part.packages) ? part.find() : undefined);
  if (found !== undefined) env[part.variable] = found;
  else leftOut.push(`${part.what}: install ${part.packages.join(' and ')}, or set ${part.variable}`);
}
if (leftOut.length > 0 && env['CI'] !== undefined) {
  process.stderr.write(`missing, and nothing may be left out here:\n  ${leftOut.join('\n  ')}\n`);
  process.stdout.write('0 passed, 1 failed\n');
  process.exit(1);
}

const report = join(mkdtempSync(join(tmpdir(), 'sallyport-test-')), 'report.json');
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const ran = spawnSync(
  process.execPath,
  [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)],
  { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] },
);
const { passed, failed } = counts();
rmSync(join(report, '..'), { recursive: true, force: true });
for (const part of leftOut) process.stdout.write(`left out: ${part}\n`);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(ran.status === 0 && failed === 0 && passed > 0 ? 0 : 1);

function counts(): { passed: number; failed: number } {
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(report, 'utf8')) as Record<
    string,
    number
  >;
  const failed = numFailedTests ?? 0;
  // A file that cannot be loaded has no tests to fail.
  return { passed: numPassedTests ?? 0, failed: failed > 0 ? failed : (numFailedTestSuites ?? 0) };
}

function onPath(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/sbin', '/usr/local/bin'];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

/** The folder with `postgres` and `initdb`. */
function postgres(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
}

/** A Python with the MCP SDK in a virtual environment of the clone. */
function pythonSdk(): string | undefined {
  const python = join(root, '.venv', 'bin', 'python');
  const has = () => existsSync(python) && spawnSync(python, ['-c', 'import mcp, httpx2']).status === 0;
  if (has()) return python;
  const base = onPath('python3');
  if (base === undefined) return undefined;
  process.stderr.write('making .venv with the Python MCP SDK …\n');
  spawnSync(base, ['-m', 'venv', join(root, '.venv')], { stdio: ['ignore', 'ignore', 'inherit'] });
  spawnSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'mcp==2.3.0'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return has() ? python : undefined;
}
