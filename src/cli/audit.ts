import { Command, InvalidArgumentError } from 'commander';
import {
  exportLine,
  lastSeq,
  openTrail,
  records,
  recordWithOutcome,
  trailLength,
  verifyTrail,
} from '../app/open-trail.ts';
import { visible } from '../domain/diagnostic.ts';
import { durationMs } from '../platform/duration.ts';
import { folderName } from './data-option.ts';
import { CommandEnd, EXIT } from './exit.ts';
import { Progress } from './progress.ts';
import { visibleJson } from './visible-json.ts';

type Flags = { readonly config?: string; readonly data?: string; readonly json?: true };

export function auditCommand(): Command {
  const command = new Command('audit')
    .description('Read and prove the audit trail.')
    .addHelpText('after', '\nExample:\n  sallyport audit tail -f\n');
  withFolder(command.command('tail'))
    .description('The last records, and with -f those that come.')
    .option('-n, --lines <count>', 'how many', count, 20)
    .option('-f, --follow', 'go on until interrupted')
    .option('--json', 'one record a line, as `export` prints them')
    .addHelpText('after', '\nExample:\n  sallyport audit tail -n 50 -f\n')
    .action(tail);
  withFolder(command.command('show'))
    .description('One record by its name, for example r17, with its outcome.')
    .argument('<record>', 'the name a refusal, a log line or `tail` gives')
    .option('--json', 'one record a line')
    .addHelpText('after', '\nExample:\n  sallyport audit show r17\n')
    .action(show);
  withFolder(command.command('verify'))
    .description('Follow the chain of hashes from the first record to the last. Exit code 1 where it is broken.')
    .option('--head <hash>', 'a hash that must occur: finds a tail that was cut off')
    .option('--json', 'print {"version":1,"ok","count","head"} or {"version":1,"ok","at","why"}')
    .addHelpText('after', '\nExample:\n  sallyport audit verify --head 5f0c…\n')
    .action(verify);
  withFolder(command.command('export'))
    .description('Every record, with its hash as the last member.')
    .option('--since <duration>', 'only what is younger, for example 7d', duration)
    .option('--json', 'one JSON record a line (there is no other form)')
    .addHelpText('after', '\nExample:\n  sallyport audit export --json > trail.jsonl\n')
    .action(exportAll);
  return command;
}

function withFolder(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration that names the data folder')
    .option('--data <dir>', 'data folder', folderName);
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number of at least 1 is needed');
  return value;
}

function duration(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new InvalidArgumentError('write a duration such as 30m, 24h or 7d');
  return ms;
}

async function tail(flags: Flags & { lines: number; follow?: true }): Promise<void> {
  const db = openTrail(flags, process.env);
  let next = Math.max(0, lastSeq(db) - flags.lines + 1);
  const print = () => {
    for (const record of records(db, next)) {
      process.stdout.write(`${flags.json === true ? exportLine(record) : readable(record.body)}\n`);
      next = record.seq + 1;
    }
  };
  if (flags.follow !== true) return print();
  process.once('SIGINT', () => process.exit(EXIT.interrupted));
  process.once('SIGTERM', () => process.exit(EXIT.done));
  print();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    print();
  }
}

function show(name: string, flags: Flags): void {
  const match = /^r?([1-9][0-9]{0,15})$/.exec(name);
  if (match === null) throw new CommandEnd(EXIT.usage, `\`${name}\` is no record; write it as r17`);
  const db = openTrail(flags, process.env);
  const found = recordWithOutcome(db, Number(match[1]));
  if (found.length === 0) throw new CommandEnd(EXIT.failed, `there is no record ${name}`);
  for (const record of found) {
    const text =
      flags.json === true ? exportLine(record) : visibleJson(JSON.stringify(JSON.parse(exportLine(record)), null, 2));
    process.stdout.write(`${text}\n`);
  }
}

function verify(flags: Flags & { head?: string }): void {
  if (flags.head !== undefined && !/^[0-9a-f]{64}$/i.test(flags.head))
    throw new CommandEnd(EXIT.usage, '--head: write the hash that `audit verify` printed, 64 digits of 0-9 and a-f');
  const db = openTrail(flags, process.env);
  const progress = new Progress({ doing: 'verifying', unit: 'records', total: trailLength(db) });
  const verified = verifyTrail(db, flags.head?.toLowerCase(), () => progress.count());
  progress.end();
  if (verified.kind === 'complete') {
    const { count: records, head } = verified;
    const text = `complete: ${records} records, head ${head}`;
    process.stdout.write(
      `${flags.json === true ? JSON.stringify({ version: 1, ok: true, count: records, head }) : text}\n`,
    );
    return;
  }
  const { at, why } = verified;
  process.stdout.write(
    `${flags.json === true ? JSON.stringify({ version: 1, ok: false, at, why }) : `broken at record r${at}: ${why}`}\n`,
  );
  throw new CommandEnd(EXIT.failed, 'the trail is not what was written');
}

async function exportAll(flags: Flags & { since?: number }): Promise<void> {
  const db = openTrail(flags, process.env);
  const from = flags.since === undefined ? '' : new Date(Date.now() - flags.since).toISOString();
  // On a terminal the records themselves show how far it is.
  const out = process.stdout.isTTY ? { write: () => {} } : process.stderr;
  const progress = new Progress({ doing: 'exporting', unit: 'records', total: trailLength(db), out });
  for (const record of records(db)) {
    progress.count();
    if (from !== '' && timeOf(record.body) < from) continue;
    if (!process.stdout.write(`${exportLine(record)}\n`))
      await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
  progress.end();
}

function timeOf(body: string): string {
  return (JSON.parse(body) as { time: string }).time;
}

/** One line for people. */
function readable(body: string): string {
  const record = JSON.parse(body) as Record<string, unknown>;
  const word = (key: string) => (record[key] === undefined ? '' : visible(String(record[key] as string | number)));
  const name = `r${word('seq')}`.padEnd(8);
  const head = `${word('time')}  ${name} ${word('kind').padEnd(8)}`;
  const target = word('tool') || word('prompt') || word('resource');
  switch (record['kind']) {
    case 'intent':
    case 'refusal':
      return `${head} ${word('verdict').padEnd(7)} ${word('caller')} ${word('server')} ${target}  ${word('rule')}`;
    case 'outcome':
      return `${head} ${word('outcome').padEnd(7)} of r${word('ref')}  ${word('ms')}${record['ms'] === undefined ? '' : ' ms'} ${word('why')}`;
    default:
      return `${head} ${word('program')}${word('grant')}${word('counter')} ${word('policy')}`.trimEnd();
  }
}
