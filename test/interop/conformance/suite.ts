import { globSync, mkdtempSync, readFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join, relative } from 'node:path';
import { ended, root } from '../../support/processes.ts';

/** Runs the official conformance suite as a process of its own, and reads what it found. */
const suite = join(root, 'node_modules', '@modelcontextprotocol', 'conformance', 'dist', 'index.js');
const client = join(root, 'test', 'interop', 'conformance', 'client.ts');

export type Revision = '2025-06-18' | '2025-11-25' | '2026-07-28';
/** How often each check of a scenario ended how: `{'tools-list=SUCCESS': 1}`. */
export type Checks = Readonly<Record<string, number>>;
/** By scenario. */
export type Found = Readonly<Record<string, Checks>>;

const whole: Record<Revision, readonly string[]> = {
  // The suite has no set of requirements for it.
  '2025-06-18': ['--suite', 'all', '--spec-version', '2025-06-18'],
  '2025-11-25': ['--requirements', '2025-11-25'],
  '2026-07-28': ['--requirements', '2026-07-28'],
};

/**
 * What the suite finds in the server at `url`. A scenario that is not as it should be is run once more by itself: some
 * of its checks wait half a second for what must come, and a busy machine may take longer.
 */
export async function inServer(
  url: string,
  revision: Revision,
  folder: string,
  isRight: (scenario: string, checks: Checks) => boolean,
): Promise<Found> {
  const run = (which: readonly string[]) => found(['server', '--url', url, ...which], folder);
  const first = await run(whole[revision]);
  const again: Record<string, Checks> = {};
  for (const [scenario, checks] of Object.entries(first))
    if (!isRight(scenario, checks))
      Object.assign(again, await run(['--scenario', scenario, '--spec-version', revision]));
  return { ...first, ...again };
}

/** What the suite finds in a client that goes to its servers straight, or through a gateway. */
export function inClient(way: 'straight' | 'gateway', revision: Revision, folder: string): Promise<Found> {
  // A shell runs it. Half of the scenarios are about OAuth, of which this client knows nothing: they cost no process.
  const command = `case $MCP_CONFORMANCE_SCENARIO in auth/*) exit 1;; esac; "${process.execPath}" "${client}" ${way}`;
  return found(['client', '--command', command, ...whole[revision]], folder);
}

async function found(args: readonly string[], folder: string): Promise<Found> {
  const results = mkdtempSync(join(folder, 'results-'));
  const { out, err } = await ended([suite, ...args, '-o', results]);
  const scenarios: Record<string, Checks> = {};
  for (const file of globSync(join(results, '**', 'checks.json'))) {
    const scenario = relative(results, dirname(file))
      .replace(/^server-(?=.)/, '')
      .replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, '');
    if (!isElsewhere(scenario)) scenarios[scenario] = count(JSON.parse(readFileSync(file, 'utf8')));
  }
  if (Object.keys(scenarios).length === 0) throw new Error(`the suite left nothing:\n${out}\n${err}`);
  return scenarios;
}

/** The server of these tests has no tasks, its client no OAuth. */
function isElsewhere(scenario: string): boolean {
  return scenario.startsWith('tasks-') || scenario.startsWith('auth/');
}

/** What the suite only tells, and does not judge, is left out: it holds what differs from run to run. */
function count(checks: readonly { readonly id: string; readonly status: string }[]): Checks {
  const counts: Record<string, number> = {};
  for (const { id, status } of checks)
    if (status !== 'INFO') counts[`${id}=${status}`] = (counts[`${id}=${status}`] ?? 0) + 1;
  return counts;
}

/** The suite has no way to send a token: what comes in here goes on to the gateway with one, and is else as it was. */
export async function withToken(url: string, token: string): Promise<{ url: string; close: () => void }> {
  const target = new URL(url);
  const server = createServer((request, response) => {
    const headers = { ...request.headers, authorization: `Bearer ${token}` };
    const onward = httpRequest(target, { method: request.method ?? 'POST', headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${target.pathname}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
