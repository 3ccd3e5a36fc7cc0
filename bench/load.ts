/** Closed loops: each has one connection and one session, and sends its next call when the last one is answered. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Pool } from 'undici';

export type Figures = { readonly rps: number; readonly p50: number; readonly p99: number };

const REVISION = '2025-06-18';
const INITIALIZE = { protocolVersion: REVISION, capabilities: {}, clientInfo: { name: 'bench', version: '1' } };
/** As long as the HTTP candidates run before their second round: until V8 has compiled what a call touches. */
const WARM_MS = 6_000;
const TEXT = 'a text of thirty-two characters.';

export class HttpLanes {
  readonly #pool: Pool;
  readonly #path: string;
  readonly #headers: Record<string, string>;
  readonly #tool: string;
  #sessions: string[] = [];

  constructor(url: string, token: string | undefined, tool = 'echo') {
    const { origin, pathname } = new URL(url);
    this.#pool = new Pool(origin, { connections: 64, pipelining: 1, bodyTimeout: 60_000 });
    this.#path = pathname;
    this.#tool = tool;
    this.#headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
  }

  async open(count: number): Promise<void> {
    while (this.#sessions.length < count) {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: INITIALIZE });
      const answer = await this.#pool.request({ path: this.#path, method: 'POST', headers: this.#headers, body });
      const text = await answer.body.text();
      if (answer.statusCode !== 200) throw new Error(`initialize: ${answer.statusCode} ${text}`);
      const session = String(answer.headers['mcp-session-id']);
      this.#sessions.push(session);
      const note = await this.#pool.request({
        path: this.#path,
        method: 'POST',
        headers: { ...this.#headers, 'mcp-session-id': session, 'mcp-protocol-version': REVISION },
        body: '{"jsonrpc":"2.0","method":"notifications/initialized"}',
      });
      await note.body.dump();
    }
  }

  /** Runs `concurrency` lanes until the time is over. Throws on the first answer that is not the expected one. */
  async run(concurrency: number, seconds: number, expected: string = TEXT): Promise<Figures> {
    await this.open(concurrency);
    const latencies: number[] = [];
    const until = performance.now() + seconds * 1000;
    const began = performance.now();
    await Promise.all(
      this.#sessions.slice(0, concurrency).map((session) => this.#lane(session, until, latencies, expected)),
    );
    return figures(latencies, performance.now() - began);
  }

  async #lane(session: string, until: number, latencies: number[], expected: string): Promise<void> {
    const headers = { ...this.#headers, 'mcp-session-id': session, 'mcp-protocol-version': REVISION };
    for (let id = 1; performance.now() < until; id++) {
      const body = `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${this.#tool}","arguments":{"text":"${TEXT}"}}}`;
      const sent = performance.now();
      const answer = await this.#pool.request({ path: this.#path, method: 'POST', headers, body });
      const text = await answer.body.text();
      latencies.push(performance.now() - sent);
      if (!text.includes(expected)) throw new Error(`not the answer: ${answer.statusCode} ${text.slice(0, 300)}`);
    }
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

/** Several calls in flight on one pipe. */
export class StdioLanes {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (line: string) => void>();
  #next = 1;
  #opened = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout === null || child.stdin === null) throw new Error('no pipes');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const id = Number(/"id":(\d+)/.exec(line)?.[1]);
      this.#waiting.get(id)?.(line);
      this.#waiting.delete(id);
    });
  }

  /** Runs `concurrency` calls at once until the time is over. Throws on the first answer that is not the expected one. */
  async run(concurrency: number, seconds: number): Promise<Figures> {
    if (!this.#opened) await this.#open();
    const latencies: number[] = [];
    const began = performance.now();
    const until = began + seconds * 1000;
    await Promise.all(Array.from({ length: concurrency }, () => this.#lane(until, latencies)));
    return figures(latencies, performance.now() - began);
  }

  async #open(): Promise<void> {
    this.#opened = true;
    await this.#ask('initialize', INITIALIZE);
    this.#child.stdin?.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
    const until = performance.now() + WARM_MS;
    await Promise.all(Array.from({ length: 8 }, () => this.#lane(until, [])));
  }

  async #lane(until: number, latencies: number[]): Promise<void> {
    while (performance.now() < until) {
      const sent = performance.now();
      const line = await this.#ask('tools/call', { name: 'echo', arguments: { text: TEXT } });
      latencies.push(performance.now() - sent);
      if (!line.includes(TEXT)) throw new Error(`not the answer: ${line.slice(0, 300)}`);
    }
  }

  #ask(method: string, params: object): Promise<string> {
    return new Promise((resolve) => {
      const id = this.#next++;
      this.#waiting.set(id, resolve);
      this.#child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
  }
}

function figures(latencies: number[], ms: number): Figures {
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { rps: sorted.length / (ms / 1000), p50: at(0.5), p99: at(0.99) };
}
