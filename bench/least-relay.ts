/**
 * The least work a call can be, written straight down: the bare relay, and on each call what the design cannot do
 * without: one strict read, the arguments' digests, intent and outcome in the chain, the limit's row, group commit, one
 * look at the answer, one log line. No token, session, policy, cancellation, stream, timeout or fault of any kind is
 * handled. What the gateway could reach at best with these libraries. `least-relay.ts PORT UPSTREAM FOLDER`
 */
import { fdatasyncSync, openSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Dispatcher, Pool } from 'undici';
import { isJsonObject } from '../src/domain/json.ts';
import { openLog } from '../src/platform/log.ts';
import { argumentsRecorder } from '../src/stages/audit/arguments.ts';
import { GENESIS, linkHash, type RecordDraft, recordBody } from '../src/stages/audit/record.ts';
import { readMessage } from '../src/stages/decode/read-message.ts';
import { LimitBook } from '../src/stages/limits/book.ts';
import { classify } from '../src/stages/upstream/server-messages.ts';

const [port, upstream = '', folder = ''] = process.argv.slice(2);
const url = new URL(upstream);
const pool = new Pool(url.origin, { connections: 256, pipelining: 1 });
const file = join(folder, 'least-relay.db');
const db = new DatabaseSync(file);
db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
  CREATE TABLE records (seq INTEGER PRIMARY KEY, ref INTEGER, body TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
  CREATE TABLE limit_log (id INTEGER PRIMARY KEY, bucket TEXT, at INTEGER, amount TEXT, entry INTEGER) STRICT;`);
const record = db.prepare('INSERT INTO records (seq, ref, body, hash) VALUES (?, ?, ?, ?)');
const take = db.prepare('INSERT INTO limit_log (id, bucket, at, amount, entry) VALUES (?, ?, ?, ?, ?)');
const begin = db.prepare('BEGIN IMMEDIATE');
const commit = db.prepare('COMMIT');
const wal = openSync(`${file}-wal`, 'r+');
const digest = argumentsRecorder('digest', Buffer.alloc(32, 1));
const book = new LimitBook();
const log = openLog({ level: 'info', pretty: false });

let head = GENESIS;
let seq = 0;
let waiting: { readonly write: () => void; readonly written: () => void }[] = [];

function enqueue(write: () => void, written: () => void): void {
  waiting.push({ write, written });
  if (waiting.length === 1) setImmediate(flush);
}

function flush(): void {
  const jobs = waiting;
  waiting = [];
  begin.run();
  for (const job of jobs) job.write();
  commit.run();
  fdatasyncSync(wal);
  for (const job of jobs) job.written();
}

function link(draft: RecordDraft): number {
  const body = recordBody(draft, ++seq, 'bench');
  head = linkHash(head, body);
  record.run(seq, draft.ref ?? null, body, head);
  return seq;
}

const BUCKET = '["log","/tools/echo/rate_limit","session=0123456789abcdef"]';
const WINDOW = { kind: 'sliding', ms: 10_000 } as const;
const demand = {
  rule: '/tools/echo/rate_limit',
  bucket: BUCKET,
  max: 10n ** 26n,
  amount: 10n ** 18n,
  window: WINDOW,
  keepMs: WINDOW.ms,
  onDeny: undefined,
  shadow: false,
};

function admit(members: string, then: (intent: number) => void): void {
  let intent = 0;
  enqueue(
    () => {
      const at = Date.now();
      book.prune(BUCKET, at, WINDOW.ms);
      if (book.firstExceeded([demand], at) !== undefined) throw new Error('the limit is reached');
      intent = link({ kind: 'intent', at, members });
      book.take([demand], at, intent);
      take.run(intent, BUCKET, at, '1', intent);
    },
    () => then(intent),
  );
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const began = performance.now();
    const bytes = Buffer.concat(chunks);
    const read = readMessage(bytes);
    if (read.kind !== 'message' || read.message.kind === 'response') throw new Error('no request');
    const { method, params } = read.message;
    const args = params?.['arguments'];
    const forward = (intent: number): void => {
      send(bytes, request.headers, (status, answered, body) => {
        const text = body.toString('utf8');
        const answer = (): void => {
          const out = ['content-type', 'application/json', 'content-length', String(body.length)];
          const session = answered['mcp-session-id'];
          if (typeof session === 'string') out.push('mcp-session-id', session);
          response.writeHead(status, out).end(body);
          const ms = Math.round((performance.now() - began) * 1000) / 1000;
          log.logger.info({ call: `r${intent}`, tool: 'echo', verdict: 'permit', rule: '/tools/echo', ms }, 'call');
        };
        if (intent === 0) return answer();
        const outcome = classify(text, 'legacy').kind;
        const members = `"outcome":"${outcome}","bytes":${text.length}`;
        enqueue(() => void link({ kind: 'outcome', ref: intent, at: Date.now(), members }), answer);
      });
    };
    if (method !== 'tools/call' || !isJsonObject(args)) return forward(0);
    const call = `"caller":"local","session":"0123456789abcdef","server":"up","method":"tools/call","tool":"echo"`;
    admit(`${call},"arguments":${digest(args)},"verdict":"permit","rule":"/tools/echo"`, forward);
  });
});
server.keepAliveTimeout = 300_000;
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));

type Headers = Record<string, string | string[] | undefined>;

function send(body: Buffer, from: Headers, then: (status: number, headers: Headers, body: Buffer) => void): void {
  const headers = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream'];
  for (const name of ['mcp-session-id', 'mcp-protocol-version']) {
    const value = from[name];
    if (typeof value === 'string') headers.push(name, value);
  }
  const chunks: Buffer[] = [];
  let status = 200;
  let answered: Headers = {};
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: () => {},
    onResponseStart: (_controller, code, responseHeaders) => {
      status = code;
      answered = responseHeaders;
    },
    onResponseData: (_controller, chunk) => void chunks.push(chunk),
    onResponseEnd: () => then(status, answered, Buffer.concat(chunks)),
    onResponseError: (_controller, fault) => {
      throw fault;
    },
  };
  pool.dispatch({ path: url.pathname, method: 'POST', headers, body }, handler);
}
