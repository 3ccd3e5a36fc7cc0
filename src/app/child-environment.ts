import { delimiter, dirname } from 'node:path';

/** What a server started from a configuration sees besides its own `env`: where programs are, whose home, which locale. */
export function configuredEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  return kept(env, (name) => BASE.has(name.toUpperCase()) || name.startsWith('LC_'));
}

/** What a wrapped server sees: the client's `env` is meant for it, ours is not. */
export function wrappedEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  return kept(env, (name) => !name.startsWith('SALLYPORT_'));
}

/** The gateway's own Node comes first in a child's PATH. */
export function childEnvironment(
  base: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const env = { ...base, ...own };
  const path = env['PATH'] ?? env['Path'] ?? '';
  return { ...env, PATH: [dirname(process.execPath), path].filter((part) => part !== '').join(delimiter) };
}

const BASE = new Set(['PATH', 'HOME', 'LANG', 'LANGUAGE', ...(process.platform === 'win32' ? neededOnWindows() : [])]);

/** Without these no program starts there. */
function neededOnWindows(): readonly string[] {
  return ['SYSTEMROOT', 'USERPROFILE', 'APPDATA', 'LOCALAPPDATA', 'PATHEXT', 'COMSPEC', 'TEMP', 'TMP'];
}

function kept(env: NodeJS.ProcessEnv, keep: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && keep(entry[0])),
  );
}
