import { hash } from 'node:crypto';

/**
 * One link of the audit trail. `body` is JSON text and holds everything, `seq` and `ref` included; `hash` is
 * SHA-256 (hex) over the previous hash and the body, so that nothing can be changed, left out or put in between.
 */
export type AuditRecord = {
  readonly seq: number;
  /** The intent an outcome belongs to. */
  readonly ref: number | undefined;
  readonly body: string;
  readonly hash: string;
};

/** What a writer hands in; sequence number, writer and hash are added when it is committed. */
export type RecordDraft = {
  readonly kind: RecordKind;
  readonly ref?: number;
  /** Epoch milliseconds. */
  readonly at: number;
  /** The rest of the body's members as JSON text without braces, for example `"tool":"x","verdict":"permit"`. */
  readonly members: string;
};

export type RecordKind =
  | 'start' // a writer opened the trail
  | 'stop' // a writer closed it cleanly
  | 'intent' // a call was admitted and may now be sent
  | 'outcome' // what became of it
  | 'refusal' // a call that was not admitted
  | 'policy' // the rules in force changed
  | 'limits-reset';

/** The hash before the first record. */
export const GENESIS = '0'.repeat(64);

export function recordBody(draft: RecordDraft, seq: number, writer: string): string {
  const ref = draft.ref === undefined ? '' : `,"ref":${draft.ref}`;
  const members = draft.members === '' ? '' : `,${draft.members}`;
  return `{"v":1,"seq":${seq},"kind":"${draft.kind}"${ref},"time":"${isoTime(draft.at)}","writer":"${writer}"${members}}`;
}

/**
 * Whether a body is an intent's, and whose: by its beginning, which {@link recordBody} writes. What a call brings stands
 * behind that, and may say anything. Undefined where it is another record's.
 */
export function writerOfIntent(body: string): string | undefined {
  return INTENT.exec(body)?.[1];
}

const INTENT = /^\{"v":1,"seq":[0-9]+,"kind":"intent","time":"[^"]*","writer":"([^"]*)"/;

/** Records come many to a millisecond. */
let lastTime = { at: Number.NaN, text: '' };

function isoTime(at: number): string {
  if (at !== lastTime.at) lastTime = { at, text: new Date(at).toISOString() };
  return lastTime.text;
}

export function linkHash(previous: string, body: string): string {
  return hash('sha256', previous + body, 'hex');
}
