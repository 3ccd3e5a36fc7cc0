import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { Unavailable } from '../platform/unavailable.ts';

/**
 * How a command asks the gateway that has the data folder to itself: a file in it, answered by another. Who may write
 * there could as well change the database; so nothing more is checked than the form.
 */
export type ResetRequest = z.output<typeof requestSchema>;
export type ResetAnswer = z.output<typeof answerSchema>;

const requestSchema = z.strictObject({
  version: z.literal(1),
  kind: z.literal('limits-reset'),
  counter: z.string().max(4_096),
  scope: z.array(z.string().max(4_096)).max(16).readonly(),
  /** The user who asks, for the record. */
  by: z.string().max(256),
});
const answerSchema = z.union([
  z.strictObject({ logs: z.array(z.string()).readonly() }),
  z.strictObject({ error: z.string() }),
]);

/** Looks for requests and answers each once. Returns how to stop. `warn` hears of what is no request. */
export function serveRequests(
  data: string,
  reset: (request: ResetRequest) => Promise<readonly string[]>,
  warn: (sentence: string) => void,
): () => void {
  const folder = join(data, FOLDER);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Answers that nobody waited for.
  for (const name of readdirSync(folder)) if (!name.endsWith(REQUEST)) rmSync(join(folder, name), { force: true });
  let busy = false;
  const look = async () => {
    for (const name of await readdir(folder)) {
      if (!name.endsWith(REQUEST)) continue;
      const file = join(folder, name);
      const text = readFileSync(file, 'utf8');
      // Gone before it is acted on: what was done must not be done again.
      rmSync(file, { force: true });
      const request = requestSchema.safeParse(parsed(text));
      if (!request.success) {
        warn(`${name} in ${folder} is no request`);
        continue;
      }
      const answer = await reset(request.data).then(
        (logs): ResetAnswer => ({ logs }),
        (fault: unknown): ResetAnswer => ({ error: fault instanceof Error ? fault.message : String(fault) }),
      );
      place(folder, `${name.slice(0, -REQUEST.length)}${ANSWER}`, answer);
    }
  };
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    look()
      .catch((fault: unknown) => warn(`requests cannot be read: ${String(fault)}`))
      .finally(() => {
        busy = false;
      });
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Asks the running gateway. @throws Unavailable where it does not answer in time; then the request is withdrawn. */
export async function askGateway(data: string, request: ResetRequest): Promise<ResetAnswer> {
  const folder = join(data, FOLDER);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const id = randomBytes(8).toString('hex');
  place(folder, id + REQUEST, request);
  const file = join(folder, id + ANSWER);
  for (let waited = 0; waited < ANSWER_MS_MAX; waited += LOOK_MS / 4) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS / 4));
    if (!existsSync(file)) continue;
    const answer = answerSchema.parse(parsed(readFileSync(file, 'utf8')));
    rmSync(file, { force: true });
    return answer;
  }
  rmSync(join(folder, id + REQUEST), { force: true });
  throw new Unavailable(`the gateway that uses ${data} did not answer`, 'look at its log; stop it, or try again');
}

/** Under another name first: nobody must read half of it. */
function place(folder: string, name: string, content: object): void {
  const draft = join(folder, `${name}.draft`);
  writeFileSync(draft, JSON.stringify(content), { mode: 0o600 });
  renameSync(draft, join(folder, name));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const FOLDER = 'requests';
const REQUEST = '.request';
const ANSWER = '.answer';
const LOOK_MS = 200;
const ANSWER_MS_MAX = 10_000;
