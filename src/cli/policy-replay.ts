import { Command } from 'commander';
import { openTrail, records, trailLength } from '../app/open-trail.ts';
import { formatDiagnostic, visible } from '../domain/diagnostic.ts';
import { loadPolicy } from '../rulebook/load.ts';
import { recordedCalls } from '../rulebook/recorded-calls.ts';
import {
  type Flip,
  type RecordedCall,
  type RecordedReset,
  Replay,
  type ReplayResult,
  type Undecidable,
} from '../rulebook/replay.ts';
import { durationMs } from '../rulebook/windows.ts';
import { folderName } from './data-option.ts';
import { neededFile, plural, print, printJson, WrongUsage, withUsage } from './policy-files.ts';
import { Progress } from './progress.ts';

/** Recorded calls and resets in recorded order. `since` in epoch milliseconds; `config` and `data` as the options gave them. */
export type RecordedCalls = (query: {
  readonly since: number;
  readonly caller: string | undefined;
  readonly config: string | undefined;
  readonly data: string | undefined;
}) => AsyncIterable<RecordedCall | RecordedReset> | Iterable<RecordedCall | RecordedReset>;

type Options = {
  readonly json?: boolean;
  readonly since: string;
  readonly caller?: string;
  readonly config?: string;
  readonly data?: string;
};

/** The calls of the data folder's audit trail. */
export const auditedCalls: RecordedCalls = function* ({ since, caller, config, data }) {
  const flags = { ...(config === undefined ? {} : { config }), ...(data === undefined ? {} : { data }) };
  const trail = openTrail(flags, process.env);
  // They are read twice.
  const progress = new Progress({ doing: 'replaying', unit: 'records', total: 2 * trailLength(trail) });
  function* bodies(): Generator<string> {
    for (const { body } of records(trail)) {
      progress.count();
      yield body;
    }
  }
  yield* recordedCalls(bodies, { since, caller });
  progress.end();
};

export function policyReplayCommand(source: RecordedCalls): Command {
  return new Command('replay')
    .summary('decide recorded calls again with another policy')
    .description(
      'Decides recorded calls again, in recorded order, with fresh counters, recorded resets and their recorded outcomes, and lists every decision that flips. Rules in shadow flip nothing: calls of which only they say something else are listed apart. A call that reads an argument of which the record kept no value is undecidable, never counted as the same.',
    )
    .argument('<policy...>', 'the policy files that would apply')
    .requiredOption('--since <span>', 'how far back: `30m`, `12h`, `7d`')
    .option('--caller <id>', 'only calls of this caller')
    .option('-c, --config <file>', 'configuration that names the data folder')
    .option('--data <dir>', 'data folder', folderName)
    .option('--json', 'machine-readable output')
    .addHelpText(
      'after',
      '\nExit code: 0 nothing flips, 1 a decision flips, 2 a file cannot be read\n\nExample:\n  sallyport policy replay --since 7d policies/desk-next.yaml',
    )
    .action(async (policies: string[], options: Options) => {
      await withUsage(() => replay(policies, options, source));
    });
}

async function replay(paths: readonly string[], options: Options, source: RecordedCalls): Promise<number> {
  const loaded = loadPolicy(paths.map(neededFile));
  if ('errors' in loaded) throw new WrongUsage(loaded.errors.map(formatDiagnostic).join('\n'));
  const span = /^[1-9][0-9]{0,8}[smhd]$/.test(options.since) ? durationMs(options.since) : undefined;
  if (span === undefined || 'error' in span)
    throw new WrongUsage('`--since` needs a span such as `30m`, `12h` or `7d`');
  const replaying = new Replay(loaded.policy);
  const { caller, config, data } = options;
  for await (const call of source({ since: Date.now() - span.value, caller, config, data })) replaying.take(call);
  const result = replaying.result();
  if (options.json === true) printJson({ version: 1, ...result });
  else print(reportText(result));
  return result.flips.length > 0 ? 1 : 0;
}

function reportText(result: ReplayResult): string {
  const { calls, same, flips, undecidable, shadow, unlisted } = result;
  const lines = [
    ...flips.map((flip) => flipText('flip', flip)),
    ...undecidable.map(undecidableText),
    ...shadow.map((flip) => flipText('in shadow', flip)),
    `${plural(calls, 'call')}: ${same} the same, ${plural(flips.length, 'flip')}, ${undecidable.length} undecidable`,
  ];
  if (shadow.length > 0) lines.push(`rules in shadow say something else of ${plural(shadow.length, 'call')}`);
  if (unlisted > 0) lines.push(`${unlisted} more of these calls are not listed`);
  return lines.join('\n');
}

function flipText(kind: string, { record, at, server, tool, caller, was, now }: Flip): string {
  const when = new Date(at).toISOString();
  return visible(
    `${kind} ${record} ${when} ${caller} ${server}/${tool}: ${was.verdict} ${was.rule} → ${now.verdict} ${now.rule}: ${now.reason}`,
  );
}

function undecidableText({ record, tool, rule, read }: Undecidable): string {
  return visible(
    `undecidable ${record} ${tool}: ${rule} reads ${read === '' ? 'an argument' : read}, which the record did not keep`,
  );
}
