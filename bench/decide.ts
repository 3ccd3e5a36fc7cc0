/**
 * What deciding costs: `npm run bench decide`. Times are medians over batches, so that the clock's own cost does not
 * count; ratios to the smallest case say whether it stays flat.
 */
import { type JsonObject, toJson } from '../src/domain/json.ts';
import type { CallFacts, PolicySet } from '../src/domain/policy.ts';
import { readSource } from '../src/platform/yaml-document.ts';
import { contentHash } from '../src/rulebook/canonical.ts';
import { loadPolicy } from '../src/rulebook/load.ts';
import { nativeDocument } from '../src/rulebook/native.ts';
import { type RecordedCall, Replay } from '../src/rulebook/replay.ts';
import { policyDocument } from '../src/rulebook/schema.ts';
import { compilePolicy } from '../src/stages/policy/compile.ts';
import { decide } from '../src/stages/policy/decide.ts';

const batch = 500;
const batches = 400;

/** Median nanoseconds of one run of `work`, which gets a running number. */
function medianNs(work: (n: number) => unknown): number {
  const times: number[] = [];
  for (let i = 0; i < batches * 2; i++) {
    const start = process.hrtime.bigint();
    for (let n = 0; n < batch; n++) work(i * batch + n);
    // The first half warms up.
    if (i >= batches) times.push(Number(process.hrtime.bigint() - start) / batch);
  }
  return times.toSorted((a, b) => a - b)[batches >> 1] as number;
}

function load(document: object): PolicySet {
  const loaded = loadPolicy([{ file: 'bench.json', text: JSON.stringify(document) }]);
  if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
  return loaded.policy;
}

const conditions = [
  { path: 'args.quantity', op: 'gt', value: 0.5 },
  { path: 'args.symbol', op: 'in', value: ['BTCUSDT', 'ETHUSDT'] },
  { path: 'args.side', op: 'eq', value: 'BUY' },
];
const withConditions = { deny_if: [{ conditions }] };
const withCel = {
  require: [{ conditions: [{ cel: "args.symbol.startsWith('BTC') && args.side in ['BUY', 'SELL']" }] }],
};
const withRate = { rate_limit: { max: 10, window: 60 } };

function desk(count: number, entry: object): object {
  const tools = Object.fromEntries(Array.from({ length: count }, (_, i) => [`tool_${i}`, entry]));
  return { version: '1', default: 'deny', tools };
}

function callOf(tool: string): CallFacts {
  return {
    server: 'binance',
    tool,
    arguments: toJson({ symbol: 'BTCUSDT', side: 'BUY', quantity: 0.1, price: '50000.5' }) as JsonObject,
    caller: { id: 'desk', agent: 'trader' },
    session: { id: 'session-1', calls: 3 },
    now: 1_772_000_000_000,
  };
}

function line(name: string, ns: number, base?: number): void {
  const ratio = base === undefined ? '' : `  ${(ns / base).toFixed(2)}×`;
  console.log(`${name.padEnd(52)} ${ns.toFixed(0).padStart(7)} ns${ratio}`);
}

/** `called`: how many different tools the calls name; always 1,000 call objects, so that only the policy differs. */
function decideTools(count: number, entry: object, called = 10): number {
  const policy = load(desk(count, entry));
  const tools = Array.from({ length: called }, (_, i) => `tool_${Math.floor((i * count) / called)}`);
  const calls = Array.from({ length: 1_000 }, (_, i) => callOf(tools[i % called] as string));
  return medianNs((n) => decide(policy, calls[n % calls.length] as CallFacts));
}

console.log(`node ${process.version}, ${batches} batches of ${batch}\n`);
line('allowed by name, {}', decideTools(1_000, {}));
line('allowed by name, rate_limit', decideTools(1_000, withRate));
line('1 CEL expression', decideTools(1_000, withCel));
console.log();
const base = decideTools(10, withConditions);
line('3 conditions, 10 tools', base, base);
for (const count of [100, 1_000, 10_000])
  line(`3 conditions, ${count} tools`, decideTools(count, withConditions), base);
console.log();
const one = decideAcross(1);
line('3 conditions, 1 policy of 100 tools', one, one);
for (const count of [10, 100]) line(`3 conditions, ${count} policies of 100 tools, in turn`, decideAcross(count), one);

/** The same number of tools in all, so that only the number of policies differs. */
function decideAcross(count: number): number {
  const policies = Array.from({ length: count }, () => load(desk(100, withConditions)));
  const calls = Array.from({ length: 100 }, (_, i) => callOf(`tool_${i}`));
  return medianNs((n) => decide(policies[n % count] as PolicySet, calls[n % 100] as CallFacts));
}

console.log();
const text = JSON.stringify(desk(10_000, { ...withConditions, ...withRate }));
const reading: number[] = [];
const compiling: number[] = [];
for (let i = 0; i < 5; i++) {
  const start = performance.now();
  const read = readSource('bench.json', text);
  if ('errors' in read) throw new Error('unreadable');
  const parsed = policyDocument.parse(read.document.value);
  const middle = performance.now();
  const document = nativeDocument('bench.json', parsed, read.document.value, () => undefined);
  compilePolicy([document], contentHash(document.hash));
  reading.push(middle - start);
  compiling.push(performance.now() - middle);
}
const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] as number;
console.log(
  `10,000 tools (${(text.length / 1e6).toFixed(1)} MB JSON): read ${median(reading).toFixed(0)} ms, compile ${median(compiling).toFixed(0)} ms`,
);

const recorded = Array.from({ length: 100_000 }, (_, i): RecordedCall => {
  const { server, tool, caller, session, arguments: args } = callOf(`tool_${i % 100}`);
  const at = 1_772_000_000_000 + i * 50;
  return {
    record: String(i),
    at,
    server,
    tool,
    caller,
    session,
    arguments: args,
    verdict: 'permit',
    rule: '',
    outcome: 'done',
  };
});
const replay = new Replay(load(desk(100, { ...withConditions, limits: [{ max: 1_000_000, window: 'hour' }] })));
const start = performance.now();
for (const call of recorded) replay.take(call);
const seconds = (performance.now() - start) / 1000;
console.log(
  `replay: ${Math.round(recorded.length / seconds)} recorded calls/s (3 conditions, 1 limit), ${replay.result().same} the same`,
);
