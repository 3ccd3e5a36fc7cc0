import { statSync } from 'node:fs';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { formatDiagnostic } from '../domain/diagnostic.ts';
import type { Config, ServerConfig } from '../platform/config/config.ts';
import type { Loaded } from '../platform/config/load.ts';
import type { Log } from '../platform/log.ts';
import { Unavailable } from '../platform/unavailable.ts';
import type { Gateway } from './compose.ts';
import { requireCommands } from './require-commands.ts';
import { readRules } from './rules.ts';

/**
 * Watches the configuration and its policies and takes over what is valid. Files are looked at by name every quarter
 * of a second, so that in-place writes, replacement by rename and editors of every habit are the same thing; a file is
 * read once it has stayed the same for one look. What is invalid, or needs a restart, changes nothing and raises an alarm.
 */
export function watchRules(options: {
  readonly gateway: Gateway;
  readonly log: Log;
  readonly config: Config;
  /** Of its files when they were read: what has changed since is a change. */
  readonly stamps: Stamps;
  /** Reads the configuration again; gives the one in force where there is no file. */
  readonly reread: () => Loaded;
}): () => void {
  const { gateway, log } = options;
  let config = options.config;
  /** Those in force, and those of a configuration that was refused: mending one of these is a change too. */
  let watched = filesOf(config);
  let seen = options.stamps;
  let settling: Stamps | undefined;
  let busy = false;

  const look = async () => {
    const stamps = stampsOf(watched);
    if (isSame(stamps, seen)) {
      settling = undefined;
      return;
    }
    if (settling === undefined || !isSame(stamps, settling)) {
      settling = stamps;
      return;
    }
    settling = undefined;
    seen = stamps;
    await takeOver();
  };

  const takeOver = async () => {
    const loaded = options.reread();
    if (loaded.kind === 'invalid') return refuse('config', loaded.errors);
    const fixed = FIXED.filter((key) => JSON.stringify(loaded.config[key]) !== JSON.stringify(config[key]));
    if (fixed.length > 0) {
      gateway.alarms.raise(
        'config',
        `a change of ${fixed.join(', ')} needs a restart; nothing of the new file is in force`,
      );
      return;
    }
    const missing = missingCommand(loaded.config.servers.filter((server) => !config.servers.some(isAlike(server))));
    if (missing !== undefined) {
      gateway.alarms.raise('config', `the changed config is not taken over, the old one stays in force: ${missing}`);
      return;
    }
    watched = [...new Set([...filesOf(config), ...filesOf(loaded.config)])];
    // Before they are read: what changes from now on is the next change.
    seen = stampsOf(watched, seen);
    const rules = readRules(loaded.config);
    seen = withMade(seen);
    if (rules.kind === 'invalid') return refuse('policy', rules.errors);
    config = loaded.config;
    watched = filesOf(config);
    seen = stampsOf(watched, seen);
    await gateway.take(config, rules.rules);
    gateway.alarms.clear('config');
    gateway.alarms.clear('policy');
    const policies = [...rules.rules.policies].map(([grant, policy]) => `${grant}=${policy.hash.slice(0, 19)}`);
    log.logger.info({ policies }, 'the changed configuration is in force');
  };

  const refuse = (kind: 'config' | 'policy', errors: readonly Diagnostic[]) => {
    const [first] = errors;
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    const what = first === undefined ? 'it is invalid' : formatDiagnostic(first);
    gateway.alarms.raise(kind, `the changed ${kind} is not taken over, the old one stays in force: ${what}${more}`);
  };

  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    look()
      .catch((fault: unknown) =>
        gateway.alarms.raise('config', `the changed configuration cannot be taken over: ${String(fault)}`),
      )
      .finally(() => {
        busy = false;
      });
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Of new servers: one that runs may lose its program, and a change of policy must not wait for that. */
function missingCommand(servers: readonly ServerConfig[]): string | undefined {
  try {
    requireCommands(servers);
    return undefined;
  } catch (fault) {
    if (fault instanceof Unavailable) return `${fault.message}; ${fault.remedy}`;
    throw fault;
  }
}

function isAlike(server: ServerConfig): (other: ServerConfig) => boolean {
  const text = JSON.stringify(server);
  return (other) => JSON.stringify(other) === text;
}

/** What only a restart can change. */
const FIXED = ['listen', 'admin', 'data', 'storage', 'limits', 'hosts', 'origins', 'bounds'] as const;

function filesOf(config: Config): readonly string[] {
  const files = config.grants.flatMap((grant) => [
    ...grant.policies,
    ...(grant.token.kind === 'file' ? [grant.token.path] : []),
  ]);
  return [...new Set([...(config.file === undefined ? [] : [config.file]), ...files])];
}

/** What tells a file from its next version, by path. */
export type Stamps = ReadonlyMap<string, string>;

/** The stamps of a configuration's files; to be taken when they have just been read. */
export function stampFiles(config: Config): Stamps {
  return stampsOf(filesOf(config));
}

/** Those that are known stay as they are. */
function stampsOf(files: readonly string[], known: Stamps = NONE): Stamps {
  return new Map(files.map((file) => [file, known.get(file) ?? stampOf(file)]));
}

/** Files that were absent may have been made by reading: a token is. */
function withMade(stamps: Stamps): Stamps {
  return new Map(Array.from(stamps, ([file, stamp]) => [file, stamp === ABSENT ? stampOf(file) : stamp]));
}

function stampOf(file: string): string {
  try {
    const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
    return stat === undefined ? ABSENT : `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
  } catch (fault) {
    // Who reads it says why it cannot be.
    return String((fault as NodeJS.ErrnoException).code);
  }
}

function isSame(one: Stamps, other: Stamps): boolean {
  return one.size === other.size && Array.from(one).every(([file, stamp]) => other.get(file) === stamp);
}

const ABSENT = 'absent';
const NONE: Stamps = new Map();
const LOOK_MS = 250;
