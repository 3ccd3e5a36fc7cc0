import { homedir, platform } from 'node:os';
import { isAbsolute, resolve } from 'node:path';

/** Where a gateway without a configuration file keeps its data. */
export function defaultDataFolder(env: NodeJS.ProcessEnv): string {
  if (platform() === 'darwin') return resolve(homedir(), 'Library', 'Application Support', 'sallyport');
  if (platform() === 'win32') return resolve(env['LOCALAPPDATA'] ?? homedir(), 'sallyport');
  const state = env['XDG_STATE_HOME'];
  // One that is not absolute is to be ignored: https://specifications.freedesktop.org/basedir-spec/latest/
  return resolve(state !== undefined && isAbsolute(state) ? state : resolve(homedir(), '.local', 'state'), 'sallyport');
}
