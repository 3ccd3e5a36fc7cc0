import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { Command } from 'commander';
import { type Counting, listLimits, resetCounter } from '../app/limits-admin.ts';
import type { LimitInUse } from '../app/limits-in-use.ts';
import { dataFolderOf } from '../app/open-trail.ts';
import { readLimits } from '../app/rules.ts';
import { formatDiagnostic, visible } from '../domain/diagnostic.ts';
import { loadConfig } from '../platform/config/load.ts';
import { Unavailable } from '../platform/unavailable.ts';

import { type LimitInForce, limitsOf } from '../rulebook/limit-rules.ts';
import { readPolicyDocument } from '../rulebook/read.ts';
import { folderName } from './data-option.ts';
import { CommandEnd, EXIT, warn } from './exit.ts';
import { DEFAULT_CONFIG } from './start.ts';

type Flags = {
  readonly config?: string;
  readonly data?: string;
  readonly policy?: readonly string[];
  readonly json?: true;
};

export function limitsCommand(): Command {
  const command = new Command('limits')
    .description('What the limits have counted, while the gateway runs or not.')
    .addHelpText('after', '\nExample:\n  sallyport limits list\n');
  withFolder(command.command('list'))
    .description('Every log that holds something, and each limit on it: used, of how much, and when it resets.')
    .option('--policy <file...>', 'policies to compare with, where there is no configuration that names them')
    .option(
      '--json',
      'print {"version":1,"limits":[{"counter","scope","shadow","used","max","window","resetsAt","rule"}]}',
    )
    .addHelpText('after', '\nExample:\n  sallyport limits list -c sallyport.yaml\n')
    .action(list);
  withFolder(command.command('reset'))
    .description('Empty the logs of a counter. It is written into the audit trail, with your user name.')
    .argument('<counter>', 'its name as `limits list` shows it')
    .option('--scope <kind=value...>', 'only the log of this scope, for example grant=desk')
    .option('--json', 'print {"version":1,"counter","logs"}')
    .addHelpText('after', '\nExample:\n  sallyport limits reset daily-spend --scope grant=desk\n')
    .action(reset);
  return command;
}

function withFolder(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration that names the data folder')
    .option('--data <dir>', 'data folder', folderName);
}

async function list(flags: Flags): Promise<void> {
  const { counting, limits } = whereOf(flags);
  const all = await listLimits(counting, limits);
  if (flags.json === true) {
    const rows = all.map(({ counter, scope, shadow, used, max, window, resetsAt, rule }) => ({
      counter,
      scope,
      shadow,
      used,
      max: max ?? null,
      window: window ?? null,
      resetsAt: timeText(resetsAt) ?? null,
      rule: rule ?? null,
    }));
    process.stdout.write(`${JSON.stringify({ version: 1, limits: rows })}\n`);
    return;
  }
  if (all.length === 0) process.stderr.write('nothing is in use\n');
  for (const one of all) process.stdout.write(`${visible(readable(one))}\n`);
}

function readable({ counter, scope, shadow, used, max, window, resetsAt }: LimitInUse): string {
  const of =
    max === undefined ? `${used} in the log, no limit of the policy names it` : `${used} of ${max} per ${window}`;
  const resets = timeText(resetsAt);
  const when = resets === undefined ? '' : `, resets ${resets}`;
  return `${counter}  ${scope.join(' ') || '(one for all)'}  ${of}${when}${shadow ? '  (shadow)' : ''}`;
}

async function reset(counter: string, flags: Flags & { readonly scope?: readonly string[] }): Promise<void> {
  const { counting } = whereOf(flags);
  const scope = flags.scope ?? [];
  const odd = scope.find((value) => !/^[a-z]+=/.test(value));
  if (odd !== undefined)
    throw new CommandEnd(EXIT.usage, `--scope \`${odd}\`: write kind=value, for example grant=desk`);
  const logs = await resetCounter(counting, { counter, scope, by: userName() });
  if (flags.json === true) process.stdout.write(`${JSON.stringify({ version: 1, counter, logs: logs.length })}\n`);
  else if (logs.length > 0)
    process.stdout.write(`${counter}: ${logs.length} ${logs.length === 1 ? 'log' : 'logs'} emptied\n`);
  if (logs.length === 0) {
    throw new CommandEnd(
      EXIT.failed,
      `no log of the counter \`${counter}\` holds anything; \`sallyport limits list\` shows which do`,
    );
  }
}

/** As every command that reads the data folder; where a configuration is at hand, with its policies and limit store. */
function whereOf(flags: Flags): { counting: Counting; limits: readonly LimitInForce[] } {
  const given = limitsOfFiles(flags.policy ?? []);
  if (flags.config === undefined && (flags.data !== undefined || !existsSync(DEFAULT_CONFIG))) {
    return { counting: { data: dataFolderOf(flags, process.env), limits: 'storage' }, limits: given };
  }
  const overrides = flags.data === undefined ? {} : { data: flags.data };
  const loaded = loadConfig({ file: flags.config ?? DEFAULT_CONFIG, flags: overrides, env: process.env });
  if (loaded.kind === 'invalid') {
    throw new Unavailable(
      loaded.errors.map(formatDiagnostic).join('\n'),
      'correct the configuration, or name the folder with --data',
    );
  }
  const { limits, errors } = readLimits(loaded.config);
  // What is used can be said all the same.
  warn(errors);
  return { counting: loaded.config, limits: given.length > 0 ? given : limits };
}

function limitsOfFiles(files: readonly string[]): readonly LimitInForce[] {
  return files.flatMap((file) => {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (fault) {
      throw new CommandEnd(
        EXIT.usage,
        `--policy \`${file}\` cannot be read (${(fault as NodeJS.ErrnoException).code ?? 'error'})`,
      );
    }
    const { loaded, errors } = readPolicyDocument(file, text);
    if (loaded === undefined || errors.length > 0) {
      throw new CommandEnd(EXIT.failed, errors.map(formatDiagnostic).join('\n'));
    }
    return limitsOf([loaded.document]);
  });
}

function timeText(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // Containers run under numbers without a name.
    return String(process.getuid?.() ?? 'unknown');
  }
}
