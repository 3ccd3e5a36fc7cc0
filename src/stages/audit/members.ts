import type { DecodedCall } from '../../domain/call.ts';
import type { Fault } from '../../domain/fault.ts';
import type { Permit } from '../../domain/permit.ts';
import type { Decision } from '../../domain/policy.ts';
import type { Refusal } from '../../domain/refusal.ts';
import type { Reply } from '../../domain/reply.ts';

/** What stands in each kind of record beside its number, time and hash. JSON members without braces. */

export function callMembers(call: DecodedCall, argumentsText: string): string {
  const { session } = call;
  const agent = session.caller.agent === undefined ? '' : `,"agent":${JSON.stringify(session.caller.agent)}`;
  return (
    `"caller":${JSON.stringify(session.caller.id)}${agent},"session":"${session.id}","server":"${session.server}",` +
    `"method":"${call.method}","${NAMED[call.method]}":${JSON.stringify(bounded(call.target))},"arguments":${argumentsText}`
  );
}

export function intentMembers(
  call: string,
  { rule, policy }: Pick<Permit, 'rule' | 'policy'>,
  demands: readonly { rule: string; counter: string; amount: string }[],
): string {
  const limits =
    demands.length === 0
      ? ''
      : `,"limits":${JSON.stringify(demands.map(({ rule: at, counter, amount }) => ({ rule: at, counter, amount })))}`;
  return `${call},"verdict":"permit","rule":${JSON.stringify(rule)},"policy":"${policy.hash}"${limits}`;
}

/** What would have been said had rules in shadow counted, to stand behind the members of an intent or a refusal. */
export function shadowMembers(shadow: Decision['shadow']): string {
  if (shadow === undefined) return '';
  const { verdict, rule, reason } = shadow;
  return `,"shadow":true,"wouldBe":${JSON.stringify({ verdict, rule, sentence: bounded(reason) })}`;
}

export function refusalMembers(call: string, refused: Refusal | Fault, policyHash: string | undefined): string {
  const policy = policyHash === undefined ? '' : `,"policy":"${policyHash}"`;
  if (refused.kind === 'fault') {
    return `${call},"verdict":"refuse","rule":"(decode)","reason":"malformed","sentence":${JSON.stringify(bounded(refused.message))}${policy}`;
  }
  const { rule, reason, sentence } = refused;
  const verdict = reason === 'unknown-name' ? 'hidden' : reason === 'approval' ? 'ask' : 'refuse';
  return `${call},"verdict":"${verdict}","rule":${JSON.stringify(rule)},"reason":"${reason}","sentence":${JSON.stringify(bounded(sentence))}${policy}${shadowMembers(refused.shadow)}`;
}

export function outcomeMembers(reply: Reply, ms: number): string {
  const took = `"ms":${Math.round(ms * 1000) / 1000}`;
  switch (reply.kind) {
    case 'replied':
      return `"outcome":"${reply.isError ? 'error' : 'replied'}","bytes":${Buffer.byteLength(reply.text)},${took}`;
    case 'withheld':
    case 'failed':
    case 'not-sent':
    case 'unknown':
      return `"outcome":"${reply.kind}","why":${JSON.stringify(bounded(reply.why))},${took}`;
    default:
      reply satisfies never;
      return `"outcome":"unknown",${took}`;
  }
}

/** What the member that names the target is called. */
const NAMED = { 'tools/call': 'tool', 'prompts/get': 'prompt', 'resources/read': 'resource' } as const;

/** Names and reasons come from outside; a record must stay small whatever they send. */
function bounded(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}…`;
}

const TEXT_MAX = 1_024;
