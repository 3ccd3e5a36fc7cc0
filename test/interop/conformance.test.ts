import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { root, run, startGateway, temporaryFolder, until } from '../support/processes.ts';
import { type Checks, type Found, inClient, inServer, type Revision, withToken } from './conformance/suite.ts';

/**
 * The official conformance suite finds in a server the same through the gateway as straight, check by check, and in a
 * client too. Behind the gateway is a server of the official SDK that passes every check.
 */
const folder = temporaryFolder('conformance');
afterAll(() => folder.remove());
vi.setConfig({ testTimeout: 240_000 });
/** Some two hundred processes load the same few files. */
const cache = { NODE_COMPILE_CACHE: join(folder.path, 'compiled') };
Object.assign(process.env, cache);

const revisions = ['2025-06-18', '2025-11-25', '2026-07-28'] as const;
/** How many checks that are, so that a run which leaves some out is seen. */
const passed: Record<Revision, number> = { '2025-06-18': 56, '2025-11-25': 84, '2026-07-28': 152 };

const NO_SAMPLING = 'sampling is not declared to servers, and refused, until a policy can allow it';
const JSON_ANSWERS =
  'an answer before which nothing was said is JSON, as clients must take it; checks of streams look no further';
type Meant = Readonly<Record<string, { readonly why: string; readonly checks: Checks }>>;
const noSampling = (check: string) => ({
  why: NO_SAMPLING,
  checks: { [`${check}=FAILURE`]: 1, 'wire-schema-valid=SUCCESS': 1 },
});

/** What is found through the gateway where that is meant to be another. */
const meant: Record<Revision, Meant> = {
  '2025-06-18': { 'tools-call-sampling': noSampling('tools-call-sampling') },
  '2025-11-25': {
    'tools-call-sampling': noSampling('tools-call-sampling'),
    'server-sse-multiple-streams': { why: JSON_ANSWERS, checks: { 'server-accepts-multiple-post-streams=SUCCESS': 1 } },
    // The server ends its stream before the answer: the gateway takes it up again, and the client reads the answer.
    'server-sse-polling': { why: JSON_ANSWERS, checks: {} },
  },
  '2026-07-28': {
    'input-required-result-basic-sampling': noSampling('sep-2322-sampling-incomplete'),
    'input-required-result-multiple-input-requests': noSampling('sep-2322-multiple-inputs-incomplete'),
    'input-required-result-capability-check': noSampling('sep-2322-respect-client-capabilities'),
  },
};

const allowAll = { version: '1', default: 'allow' };
/** Rules of many kinds that have nothing to say against what the suite does. */
const permissive = {
  version: '1',
  default: 'allow',
  hide: ['delete_*'],
  all_tools: {
    rate_limit: { max: 1_000, window: 60 },
    limits: [{ counter: 'calls', max: 10_000, window: '1d' }],
    inspect: { redact: [{ pattern: 'secrets' }, { pattern: 'cards' }], strip: ['invisible'], max_bytes: 1_000_000 },
  },
  prompts: { hide: ['secret_*'] },
  resources: { hide: ['test://secret/*'] },
};

// All begin here, two at a time: much of it is waiting.
const inTurn = atOnce(2);
const straight = Object.fromEntries(
  revisions.map((revision) => [revision, inTurn(() => straightTo(revision))]),
) as Record<Revision, Promise<Found>>;
const runs = (
  [
    // A process for each session: the longest of them comes first.
    ['2025-11-25', 'stdio', 'legacy', allowAll],
    ['2025-06-18', 'http', 'legacy', allowAll],
    ['2025-11-25', 'http', 'legacy', allowAll],
    ['2026-07-28', 'http', 'modern', allowAll],
    ['2025-11-25', 'http', 'both', permissive],
    ['2026-07-28', 'http', 'both', permissive],
    ['2026-07-28', 'stdio', 'modern', permissive],
  ] as const
).map(([revision, transport, era, policy]) => {
  const found = inTurn(() => throughGateway(revision, transport, era, policy));
  return { revision, transport, era, policy: policy === allowAll ? 'that allows all' : 'of many rules', found };
});
const clients = (['2025-11-25', '2026-07-28'] as const).map((revision) => {
  const without = inTurn(() => inClient('straight', revision, folder.path));
  return { revision, without, behind: inTurn(() => inClient('gateway', revision, folder.path)) };
});

test.each(revisions)('straight, the server passes every check of %s', async (revision) => {
  const found = Object.values(await straight[revision]);
  expect(found.filter((checks) => !isPassed(checks))).toEqual([]);
  expect(found.flatMap(Object.values<number>).reduce((sum, count) => sum + count, 0)).toBe(passed[revision]);
});

test.each(runs)('$revision over $transport, a server of era $era, a policy $policy', async ({ revision, found }) => {
  expect(await found).toEqual(await wanted(revision));
});

test.each(clients)('a client of $revision', async ({ without, behind }) => {
  expect(await behind).toEqual(await without);
});

async function straightTo(revision: Revision): Promise<Found> {
  const server = await startServer('both');
  try {
    return await inServer(server.url, revision, folder.path, (_, checks) => isPassed(checks));
  } finally {
    await server.stop();
  }
}

function isPassed(checks: Checks): boolean {
  return Object.keys(checks).every((check) => check.endsWith('=SUCCESS'));
}

async function wanted(revision: Revision): Promise<Found> {
  const differing = Object.entries(meant[revision]).map(([scenario, { checks }]) => [scenario, checks] as const);
  return { ...(await straight[revision]), ...Object.fromEntries(differing) };
}

async function throughGateway(revision: Revision, transport: string, era: string, policy: object): Promise<Found> {
  const upstream = transport === 'http' ? await startServer(era) : undefined;
  const server = upstream === undefined ? childOf(era) : { url: upstream.url };
  const gateway = await startGateway({ folder: mkdtempSync(join(folder.path, 'gateway-')), policy, server });
  const front = await withToken(gateway.url, gateway.token);
  try {
    const right = await wanted(revision);
    return await inServer(front.url, revision, folder.path, (scenario, checks) => isSame(checks, right[scenario]));
  } finally {
    front.close();
    await gateway.stop();
    await upstream?.stop();
  }
}

function isSame(checks: Checks, right: Checks = {}): boolean {
  const text = (one: Checks) => JSON.stringify(Object.entries(one).sort());
  return text(checks) === text(right);
}

async function startServer(era: string): Promise<{ url: string; stop: () => Promise<number> }> {
  const running = run([serverFile(), '--http', era]);
  const url = await until('the server', () => /"url":"([^"]+)"/.exec(running.out())?.[1], 30_000);
  return { url, stop: running.stop };
}

function childOf(era: string): { command: string; args: string[]; env: typeof cache } {
  return { command: process.execPath, args: [serverFile(), '--stdio', era], env: cache };
}

function serverFile(): string {
  return join(root, 'test', 'interop', 'conformance', 'server.ts');
}

/** Runs what it is given, no more than `most` at a time, in the order it is given. */
function atOnce(most: number): <T>(job: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (job) => {
    if (running === most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await job();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
