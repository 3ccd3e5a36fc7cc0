import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { formatDiagnostic } from '../domain/diagnostic.ts';
import { defaultDataFolder } from '../platform/config/default-data-folder.ts';
import { loadConfig } from '../platform/config/load.ts';
import { Unavailable } from '../platform/unavailable.ts';
import { openForReading } from '../storage/sqlite/read-database.ts';

/** The data folder a command means: --data, else the configuration's, else the one here, else the one of `wrap`. */
export function dataFolderOf(
  flags: { readonly config?: string; readonly data?: string },
  env: NodeJS.ProcessEnv,
): string {
  if (flags.data !== undefined) return resolve(flags.data);
  if (flags.config !== undefined || existsSync('sallyport.yaml')) {
    const loaded = loadConfig({ file: flags.config ?? 'sallyport.yaml', flags: {}, env });
    if (loaded.kind === 'config') return loaded.config.data;
    throw new Unavailable(
      loaded.errors.map(formatDiagnostic).join('\n'),
      'correct the configuration, or name the folder with --data',
    );
  }
  const named = env['SALLYPORT_DATA'];
  const here = named === undefined || named === '' ? '.sallyport' : named;
  return existsSync(join(here, 'sallyport.db')) ? resolve(here) : defaultDataFolder(env);
}

/** The trail of a data folder, for reading, whether or not a gateway is writing it. */
export function openTrail(
  flags: { readonly config?: string; readonly data?: string },
  env: NodeJS.ProcessEnv,
): DatabaseSync {
  const folder = dataFolderOf(flags, env);
  const path = join(folder, 'sallyport.db');
  if (isAbsent(path))
    throw new Unavailable(
      `there is no audit trail in ${folder}`,
      'name the data folder with --data or the configuration with -c',
    );
  return openForReading(path);
}

/** A file in a folder that cannot be looked into may be there. */
function isAbsent(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

export { exportLine, lastSeq, records, recordWithOutcome, trailLength, verifyTrail } from '../storage/sqlite/trail.ts';
