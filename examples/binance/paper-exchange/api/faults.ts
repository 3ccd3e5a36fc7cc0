/** Faults on demand: what an exchange or a network does on a bad day, for a set number of calls of one route. */

import { Refusal, refuse } from '../engine/refusal.ts';
import type { Json } from './json.ts';
import { must, type Params } from './params.ts';

/**
 * drop   the call is applied, then the connection is cut: the caller cannot know
 * cut    the connection is cut before the call is applied
 * delay  the answer comes `ms` later; the call is applied first, or last with `apply=last`
 * reply  another answer is sent; the call is applied before it only with `apply=first`
 */
const FAULT_KINDS = ['drop', 'cut', 'delay', 'reply'] as const;
const FAULTS_MAX = 100;
const DELAY_MS_MAX = 600_000;
const TIMES_MAX = 1_000_000;
export type Fault = ReturnType<typeof readFault> & { readonly id: number };
const body = (code: number, msg: string): string => JSON.stringify({ code, msg });
const UNKNOWN = body(-1000, refuse(-1000).message);
const TIMEOUT = body(-1007, refuse(-1007).message);
const BANNED = 'Way too many requests; IP banned until later. Please use the websocket for live updates to avoid bans.';

/** What the exchange says with a status, unless the fault brings its own body. */
const BODIES: Readonly<Record<number, string>> = {
  408: TIMEOUT,
  418: body(-1003, BANNED),
  429: body(-1003, refuse(-1003).message),
  503: body(-1000, 'Unknown error, please check your request or try again later.'),
  504: TIMEOUT,
};

/** The fault described; refuses what is not one. `path` is exact, or a prefix ending in `*`. */
function readFault(params: Params) {
  const kind = params.choice('kind', FAULT_KINDS, null);
  if (kind === null) throw new Refusal(-1102, `\`kind\` is missing: one of ${FAULT_KINDS.join(', ')}`);
  const path = must('path', params.text('path'));
  if (!path.startsWith('/') || path.startsWith('/paper')) {
    const shown = `\`path\` ${JSON.stringify(path)}`;
    throw new Refusal(-1130, `${shown} is not a Binance route: give one like /fapi/v1/order or /fapi/*`);
  }
  const status = params.integer('status', 503, { min: 400, max: 599 });
  const isThrottle = status === 429 || status === 418;
  return {
    retryAfterS: params.integer('retryAfter', isThrottle ? 1 : null, { max: 86_400 }),
    kind,
    method: params.choice('method', ['GET', 'POST', 'PUT', 'DELETE'], null),
    path,
    left: params.integer('times', 1, { min: 1, max: TIMES_MAX }),
    ms: params.integer('ms', 1_000, { max: DELAY_MS_MAX }),
    apply: params.choice('apply', ['first', 'last', 'never'], kind === 'delay' ? 'first' : 'never'),
    status,
    body: params.text('body') ?? BODIES[status] ?? UNKNOWN,
  };
}

export class Faults {
  readonly list: Fault[] = [];
  #lastId = 0;

  add(params: Params): Fault {
    if (this.list.length >= FAULTS_MAX)
      throw new Refusal(-1130, `at most ${FAULTS_MAX} faults at a time; DELETE /paper/v1/faults removes them`);
    const fault = { ...readFault(params), id: this.#lastId + 1 };
    this.#lastId = fault.id;
    this.list.push(fault);
    return fault;
  }

  clear(): void {
    this.list.length = 0;
  }

  /** The fault this call meets, counted down; null for a normal call. */
  take(method: string, path: string): Fault | null {
    const covers = (pattern: string): boolean =>
      pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
    const fault = this.list.find((candidate) => (candidate.method ?? method) === method && covers(candidate.path));
    if (fault === undefined) return null;
    fault.left -= 1;
    if (fault.left === 0) this.list.splice(this.list.indexOf(fault), 1);
    return fault;
  }
}

export function faultRow({ retryAfterS, body: _body, ...fault }: Fault): Json {
  return { ...fault, retryAfter: retryAfterS };
}
