import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { ServerConfig } from '../platform/config/config.ts';
import { Unavailable } from '../platform/unavailable.ts';

/** @throws Unavailable naming the first command that is not to be found, so that a typing error shows at start. */
export function requireCommands(servers: readonly ServerConfig[]): void {
  for (const { id, transport } of servers) {
    if (transport.kind !== 'child') continue;
    const path = transport.env['PATH'] ?? process.env['PATH'] ?? '';
    const written = resolve(transport.cwd, transport.command);
    if (isPath(transport.command) && existsSync(written) && !isExecutable(written)) {
      throw new Unavailable(
        `the command \`${transport.command}\` of the server \`${id}\` is no program that may be run`,
        'name a program, or make it executable (chmod +x)',
      );
    }
    if (!isThere(transport.command, path, transport.cwd)) {
      throw new Unavailable(
        `the command \`${transport.command}\` of the server \`${id}\` is not to be found`,
        'install it, or write its full path',
      );
    }
    if (statSync(transport.cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw new Unavailable(`the folder ${transport.cwd} of the server \`${id}\` does not exist`, 'correct its `cwd`');
    }
  }
}

function isPath(command: string): boolean {
  return command.includes('/') || command.includes('\\');
}

function isThere(command: string, path: string, cwd: string): boolean {
  // The gateway's own Node comes first in a child's PATH.
  if (command === 'node') return true;
  if (isPath(command)) return isExecutable(resolve(cwd, command));
  const suffixes = process.platform === 'win32' ? ['', '.exe', '.cmd', '.bat'] : [''];
  return path
    .split(delimiter)
    .some((folder) => folder !== '' && suffixes.some((suffix) => isExecutable(join(folder, command + suffix))));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
