import type { Admission, Reserved } from '../domain/admission.ts';
import type { DecodedCall } from '../domain/call.ts';
import { Permit } from '../domain/permit.ts';
import type { Decision } from '../domain/policy.ts';
import type { Answer, Received } from '../domain/received.ts';
import { type Refusal, refusal } from '../domain/refusal.ts';
import type { Reply } from '../domain/reply.ts';
import type { Stages } from './stages.ts';

/**
 * One call, from a decoded message to the client's answer. Read this file first.
 *
 * Two acts. `admit` asks whether the call may happen: it sends nothing, and whatever goes wrong in it is a refusal.
 * `perform` makes it happen: it can no longer refuse, only say what became of the call, and "we cannot know" is one of
 * the answers. Each step takes what the step before it proved, so leaving one out does not compile.
 */
export async function handleCall(call: DecodedCall, received: Received, stages: Stages): Promise<Answer> {
  let admission: Admission;
  try {
    admission = await admit(call, received, stages);
  } catch (fault) {
    admission = refuseOnFault(fault, stages);
  }
  const outcome = admission.kind === 'reserved' ? await perform(admission, received, stages) : admission;
  return stages.recordOutcome(call, admission, outcome, received);
}

async function admit(decoded: DecodedCall, received: Received, stages: Stages): Promise<Admission> {
  const target = await stages.findTarget(decoded);
  if (target.kind !== 'target') return target;

  const policy = stages.currentPolicy(decoded.session.caller);
  if (policy === undefined) return noPolicy(decoded);

  const decision = stages.decide(policy, decoded, target);
  // Hidden and absent take the same steps to here and get the same answer.
  if (target.definition === undefined || decision.verdict === 'hidden') return unknownName(decoded, decision.rule);

  // Not before: what is wrong with its headers would tell that a hidden tool is there.
  const call = stages.checkMirrors(decoded, target, received);
  if (call.kind === 'fault') return call;

  switch (decision.verdict) {
    case 'permit': {
      const demands = decision.limits;
      const permit = Permit.grant({ call, rule: decision.rule, policy, demands, shadow: decision.shadow });
      const intent = stages.recordIntent(permit);
      return stages.reserveLimits(intent);
    }
    case 'refuse':
      return refusedBy(decision, 'denied', decision.remedy ?? REMEDY_DENIED);
    case 'ask':
      return refusedBy(decision, 'approval', REMEDY_ASK);
    default:
      decision.verdict satisfies never;
      return refusal('fault', '(decision)', 'the decision is of no known kind', REMEDY_FAULT);
  }
}

async function perform(reserved: Reserved, received: Received, stages: Stages): Promise<Reply> {
  let reply: Reply;
  try {
    reply = await stages.invoke(reserved, received);
  } catch (fault) {
    reply = unknownOnFault(fault, stages);
  }
  try {
    return await stages.inspect(reserved, reply);
  } catch (fault) {
    return withholdOnFault(fault, stages);
  }
}

function noPolicy(call: DecodedCall): Refusal {
  const { grant } = call.session.caller;
  return refusal(
    'no-policy',
    '(no policy)',
    `the grant \`${grant}\` has no policy, and without one nothing is allowed`,
    'give the grant a `policy` in the configuration',
  );
}

function refusedBy({ rule, reason, shadow }: Decision, why: 'denied' | 'approval', remedy: string): Refusal {
  return { ...refusal(why, rule, reason, remedy), shadow };
}

function unknownName(call: DecodedCall, rule: string): Refusal {
  return refusal('unknown-name', rule, `\`${call.target}\` is unknown`, '');
}

/** Act one turns any fault into a refusal. */
function refuseOnFault(fault: unknown, stages: Stages): Refusal {
  stages.noteFault('admit', fault);
  return refusal('fault', '(fault)', 'the gateway failed while it decided', REMEDY_FAULT);
}

/** Act two never may: after sending, a fault is `unknown`. */
function unknownOnFault(fault: unknown, stages: Stages): Reply {
  stages.noteFault('perform', fault);
  return { kind: 'unknown', why: 'the gateway failed after it began to send' };
}

function withholdOnFault(fault: unknown, stages: Stages): Reply {
  stages.noteFault('inspect', fault);
  return { kind: 'withheld', why: 'the gateway failed while it looked at the output' };
}

const REMEDY_DENIED = 'Do not repeat it unchanged; the policy must change first';
const REMEDY_ASK = 'Approvals are not available in this version; the policy must change first';
const REMEDY_FAULT = 'Nothing was sent; report it with the log line of this moment';
