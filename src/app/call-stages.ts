import { saysAbsent } from '../call/absent.ts';
import { answerOf, notFound, recordName } from '../call/answers.ts';
import type { FoundTarget, Stages, Target } from '../call/stages.ts';
import { notHeard, notOpened } from '../call/turned-away.ts';
import type { Upstreams } from '../call/upstreams.ts';
import type { Admission, Intent, Reserved } from '../domain/admission.ts';
import type { DecodedCall } from '../domain/call.ts';
import { type Fault, fault, faultText } from '../domain/fault.ts';
import type { InspectRules } from '../domain/inspection.ts';
import type { JsonObject } from '../domain/json.ts';
import { Permit } from '../domain/permit.ts';
import type { CallFacts, Decision, PolicySet } from '../domain/policy.ts';
import type { Answer, Received } from '../domain/received.ts';
import { type Refusal, refusal } from '../domain/refusal.ts';
import type { Reply } from '../domain/reply.ts';
import type { Alarms } from '../platform/alarms.ts';
import { type Log, rateLimited } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import { argumentsRecorder } from '../stages/audit/arguments.ts';
import { callMembers, intentMembers, outcomeMembers, refusalMembers, shadowMembers } from '../stages/audit/members.ts';
import { checkMirrors, encodeMirrored, type Mirror, makeMirrors } from '../stages/decode/mirrored-headers.ts';
import { inspectMessage } from '../stages/inspect/inspect-message.ts';
import { inspectReply } from '../stages/inspect/inspect-reply.ts';
import { refusedQuestion } from '../stages/inspect/refused-question.ts';
import { unheardCapability } from '../stages/inspect/unheard-capability.ts';
import type { Exceeded, Watched } from '../stages/limits/book.ts';
import { LimitStoreUnreachable } from '../stages/limits/limit-store.ts';
import { limitReached, limitSentence } from '../stages/limits/reached.ts';
import { keptDemand } from '../stages/limits/to-demand.ts';
import { decide } from '../stages/policy/decide.ts';
import { inspectRules } from '../stages/policy/inspect-rules.ts';
import { fitsSchema } from '../stages/policy/json-schema.ts';
import { showsPrompt, showsResource, wouldShow } from '../stages/policy/listing.ts';
import { restOf, type ServerMessage } from '../stages/upstream/connection.ts';
import type { Link } from '../stages/upstream/link.ts';
import { mirroredHeaders, type NoToolList, type ToolList } from '../stages/upstream/tool-list.ts';
import type { Admissions } from './admissions.ts';
import type { Retention } from './retention.ts';
import type { Rules } from './rules.ts';
import { becameOf, ruleOf, verdictOf } from './verdict.ts';

export type CallStageParts = {
  readonly rules: () => Rules;
  readonly upstreams: Upstreams;
  /** How far back each counter's log must remember. */
  readonly retention: () => Retention;
  readonly ledger: Admissions;
  readonly auditKey: Buffer;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly alarms: Alarms;
  /** How many calls each session has been permitted; its owner drops those of ended sessions. */
  readonly permitted: Map<string, number>;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

/** The real stages behind the pipeline. */
export function callStages(parts: CallStageParts): Stages {
  const { rules, retention, upstreams, ledger, metrics, alarms, permitted } = parts;
  const digest = argumentsRecorder('digest', parts.auditKey);
  const full = argumentsRecorder('full', parts.auditKey);
  const argumentsText = (args: JsonObject) => (rules().arguments === 'full' ? full(args) : digest(args));
  const membersOf = (call: DecodedCall) => callMembers(call, argumentsText(call.arguments));

  const stages: Stages = {
    findTarget(call) {
      if (call.method !== 'tools/call') return { kind: 'target', definition: NO_DEFINITION };
      const link = upstreams.linkOf(call.session);
      const list = 'kind' in link && link.kind === 'link' ? link.tools() : undefined;
      // The list of a session that is under way is at hand.
      return list !== undefined && 'kind' in list ? targetIn(call, list) : findTarget(call, link, list);
    },

    checkMirrors(call, target, received) {
      if (call.session.era !== 'modern' || call.method !== 'tools/call' || target.definition === undefined) return call;
      const mirrors = mirrorsOf(target.definition);
      if (received.transport === 'stdio') {
        return mirrors.length === 0 ? call : { ...call, paramHeaders: makeMirrors(mirrors, call.arguments) };
      }
      if (mirrors.length === 0 && received.headers.params.length === 0) return call;
      const checked = checkMirrors(mirrors, call.arguments, received.headers.params);
      return 'wrong' in checked
        ? fault(400, -32020, checked.wrong, call.id)
        : { ...call, paramHeaders: checked.headers };
    },

    currentPolicy(caller) {
      return rules().policies.get(caller.grant);
    },

    decide(policy, call, target) {
      if (call.method === 'tools/call') return decide(policy, factsOf(call, target, parts.now(), permitted));
      return visibility(policy, call);
    },

    recordIntent(permit): Intent {
      const members = intentMembers(membersOf(permit.call), permit, permit.demands);
      return { kind: 'intent', permit, members };
    },

    async reserveLimits(intent): Promise<Reserved | Refusal> {
      const { id } = intent.permit.call.session;
      // Before anything is waited for: what is decided meanwhile must see this call.
      permitted.set(id, (permitted.get(id) ?? 0) + 1);
      const reserved = await reserve(intent);
      if (reserved.kind === 'refused') uncount(id);
      return reserved;
    },

    async invoke(reserved, received): Promise<Reply> {
      if (reserved.taken.length > 0) metrics.reservations++;
      if (!Permit.isGenuine(reserved.permit)) throw new TypeError('the permit is forged');
      const { call } = reserved;
      const known = upstreams.linkOf(call.session);
      const link = 'kind' in known ? known : await known;
      if (link.kind === 'not-opened') return { kind: 'not-sent', why: link.why };
      // Some clients cancel and then ignore the late result: it must not happen unseen.
      if (received.cancelled) return { kind: 'not-sent', why: 'the client cancelled it before it was sent' };
      received.sentBy = link;
      let looked = 0;
      const shown = (text: string): string | undefined => {
        const rules = rulesFor(reserved);
        if (rules.every((one) => one.shadow)) return text;
        looked += text.length;
        return looked > LOOKED_LENGTH_MAX ? undefined : inspectMessage(rules, text);
      };
      const began = performance.now();
      const reply = await link.send({
        id: call.id,
        handle: received,
        method: call.method,
        params: call.params,
        rest: restOf(call.method, call.params),
        headers: headersFor(call),
        onMessage: (message) => relayed(reserved, message, shown(message.text), link, received),
        shown,
      });
      const took = performance.now() - began;
      received.serverMs = took;
      metrics.serverSeconds.observe({ server: call.session.server }, took / 1000);
      return call.method === 'tools/call' ? reply : asHidden(reserved, reply, link);
    },

    inspect(reserved, reply) {
      if (reply.kind !== 'replied') return reply;
      const refused = reserved.call.session.era === 'modern' ? refusedQuestion(reply.text) : undefined;
      if (refused !== undefined)
        return { kind: 'withheld', why: `it asks the client for \`${refused}\`, which is not relayed` };
      const unheard = unheardCapability(reply.text, reserved.call.unheard);
      if (unheard !== undefined)
        return { kind: 'failed', status: reply.status, why: `the server needs \`${unheard}\`, which is not relayed` };
      const applying = rulesFor(reserved);
      return applying.length === 0 ? reply : inspect(reserved.call, reply, applying);
    },

    async recordOutcome(call, admission, outcome, received): Promise<Answer> {
      if (admission.kind === 'reserved' && admission.taken.length > 0) metrics.reservations--;
      let record: number | undefined;
      try {
        const written = await write(call, admission, outcome);
        record = admission.kind === 'reserved' ? admission.record : written;
      } catch (thrown) {
        // The answer leaves all the same: an intent without an outcome is closed as unknown at the next start.
        alarms.raise('audit', `an outcome cannot be recorded: ${(thrown as Error).message}`);
        record = admission.kind === 'reserved' ? admission.record : undefined;
      }
      observe(call, admission, outcome, record, received.serverMs);
      return answerOf(call, outcome, record === undefined ? undefined : recordName(record));
    },

    noteFault(where, thrown) {
      parts.log.logger.error({ where, fault: thrown instanceof Error ? thrown.stack : String(thrown) }, 'defect');
    },
  };
  const noteWithheld = rateLimited(10, (line) => parts.log.logger.warn(line));
  return stages;

  async function findTarget(
    call: DecodedCall,
    known: ReturnType<Upstreams['linkOf']>,
    listing: Promise<ToolList | NoToolList> | undefined,
  ): Promise<FoundTarget> {
    const link = await known;
    if (link.kind === 'not-opened' && link.supported !== undefined) {
      return notOpened(link, call.session.server, call.id, call.session.revision);
    }
    if (link.kind === 'not-opened') return unavailable(call, link.why);
    return targetIn(call, await (listing ?? link.tools()));
  }

  async function reserve(intent: Intent): Promise<Reserved | Refusal> {
    const { permit } = intent;
    const { call } = permit;
    const refused = (exceeded: Exceeded, at: number): Refusal => ({
      ...refusal(
        'limit',
        exceeded.demand.rule,
        limitSentence(exceeded, call.target),
        '',
        limitReached(exceeded, windowText(permit, exceeded), at),
      ),
      // A refusal is what rules in shadow would at most have hidden.
      ...(permit.shadow?.verdict === 'hidden' ? { shadow: permit.shadow } : {}),
    });
    const watchedBy = (watched: Watched | undefined): Decision['shadow'] =>
      watched === undefined
        ? permit.shadow
        : { verdict: 'refuse', rule: watched.demand.rule, reason: limitSentence(watched, call.target) };
    try {
      const admitted = await ledger.admit({
        demands: permit.demands.map((demand) => keptDemand(demand, retention().ofCounter(demand.counter))),
        intent: (at, watched) => ({
          kind: 'intent',
          at,
          members: intent.members + shadowMembers(watchedBy(watched)),
        }),
        refusal: (exceeded, at) => ({
          kind: 'refusal',
          at,
          members: refusalMembers(membersOf(call), refused(exceeded, at), permit.policy.hash),
        }),
      });
      alarms.clear('audit');
      if (permit.demands.length > 0) alarms.clear('limits');
      if (admitted.kind === 'exceeded') return { ...refused(admitted.exceeded, admitted.at), record: admitted.seq };
      return { kind: 'reserved', permit, call, record: admitted.seq, taken: admitted.taken };
    } catch (thrown) {
      if (thrown instanceof LimitStoreUnreachable) {
        alarms.raise('limits', `${thrown.message}: ${String((thrown.cause as Error | undefined)?.message)}`);
        return refusal('unavailable', '(limits)', thrown.message, 'Nothing was sent; the call may be repeated later');
      }
      alarms.raise('audit', `the audit trail cannot be written: ${(thrown as Error).message}`);
      return refusal(
        'unavailable',
        '(audit)',
        'the audit trail cannot be written, and nothing passes without its record',
        'Nothing was sent; the operator must look at the disk',
      );
    }
  }

  function uncount(session: string): void {
    const left = (permitted.get(session) ?? 0) - 1;
    // It may have ended meanwhile.
    if (left > 0) permitted.set(session, left);
    else permitted.delete(session);
  }

  function rulesFor({ call, permit }: Reserved): readonly InspectRules[] {
    if (call.method !== 'tools/call') return NOTHING;
    return inspectRules(permit.policy, factsOf(call, NO_TARGET, parts.now(), permitted));
  }

  /** What the server sends while the call runs. A question that must not be asked is answered, so that nobody waits. */
  function relayed(
    reserved: Reserved,
    { method, id }: ServerMessage,
    shown: string | undefined,
    link: Link,
    received: Received,
  ): void {
    if (shown !== undefined) {
      if (!received.emit(shown) && id !== undefined) link.answer(id, notHeard(id));
      return;
    }
    noteWithheld(`${recordName(reserved.record)}: a message of the server (${method}) is withheld`);
    if (id !== undefined) link.answer(id, faultText({ code: -32603, message: 'withheld by the gateway', id }));
  }

  async function inspect(call: DecodedCall, reply: Reply, applying: readonly InspectRules[]): Promise<Reply> {
    const target = await stages.findTarget(call);
    const outputSchema = target.kind === 'target' ? target.definition?.['outputSchema'] : undefined;
    return inspectReply(
      applying,
      reply,
      outputSchema === undefined ? {} : { fitsOutput: (structured) => fitsSchema(outputSchema, structured) },
    );
  }

  /** Writes the outcome or the refusal, where that was not done with the quotas; its number. */
  function write(call: DecodedCall, admission: Admission, outcome: Refusal | Fault | Reply): number | Promise<number> {
    if (outcome.kind === 'refused' && outcome.record !== undefined) return outcome.record;
    const at = parts.now();
    if (admission.kind === 'reserved' && outcome.kind !== 'refused' && outcome.kind !== 'fault') {
      const giveBack = outcome.kind === 'not-sent' ? admission.taken : NOTHING;
      const members = outcomeMembers(outcome, performance.now() - call.receivedAt);
      return ledger.append({ kind: 'outcome', ref: admission.record, at, members }, giveBack);
    }
    if (outcome.kind !== 'refused' && outcome.kind !== 'fault') throw new TypeError('an outcome without an intent');
    const members = refusalMembers(membersOf(call), outcome, rules().policies.get(call.session.caller.grant)?.hash);
    return ledger.append({ kind: 'refusal', at, members });
  }

  function observe(
    call: DecodedCall,
    admission: Admission,
    outcome: Refusal | Fault | Reply,
    record: number | undefined,
    serverMs: number,
  ): void {
    const ms = performance.now() - call.receivedAt;
    const ours = ms - serverMs;
    const verdict = verdictOf(admission);
    const became = becameOf(outcome);
    metrics.countCall(call.session.server, call.method, verdict, became);
    metrics.gatewaySeconds.observe(ours / 1000);
    parts.log.logger.info(
      {
        call: record === undefined ? '' : recordName(record),
        caller: call.session.caller.id,
        server: call.session.server,
        tool: call.target.length > 256 ? `${call.target.slice(0, 256)}…` : call.target,
        verdict,
        rule: ruleOf(admission),
        outcome: became,
        ms: Math.round(ms * 1000) / 1000,
        ours: Math.round(ours * 1000) / 1000,
      },
      'call',
    );
  }
}

function factsOf(call: DecodedCall, target: Target, now: number, permitted: ReadonlyMap<string, number>): CallFacts {
  const { session } = call;
  const { caller } = session;
  const schema = target.definition?.['inputSchema'];
  return {
    server: session.server,
    tool: call.target,
    arguments: call.arguments,
    caller: { id: caller.id, groups: caller.groups, ...(caller.agent === undefined ? {} : { agent: caller.agent }) },
    grant: caller.grant,
    session: { id: session.id, calls: permitted.get(session.id) ?? 0 },
    now,
    ...(schema === undefined ? {} : { schema }),
  };
}

/** Prompts and resources are shown or not; there is nothing more to decide about them. */
function visibility(policy: PolicySet, call: DecodedCall): Decision {
  const { server } = call.session;
  const prompt = call.method === 'prompts/get';
  const shown = prompt ? showsPrompt(policy, server, call.target) : showsResource(policy, server, call.target);
  const rule = prompt ? '/prompts' : '/resources';
  const decision: Decision = {
    verdict: shown ? 'permit' : 'hidden',
    rule,
    reason: '',
    trail: [],
    limits: [],
    asks: [],
  };
  if (!shown || wouldShow(policy, server, call.target, prompt ? 'prompts' : 'resources')) return decision;
  return {
    ...decision,
    shadow: { verdict: 'hidden', rule, reason: `this ${prompt ? 'prompt' : 'resource'} is hidden` },
  };
}

/** A prompt or resource that the server does not have gets the answer of one that is hidden. */
async function asHidden({ call, permit }: Reserved, reply: Reply, link: Link): Promise<Reply> {
  const { server } = call.session;
  const kind = call.method === 'prompts/get' ? 'prompts' : 'resources';
  const isAbsent = await saysAbsent(reply, { kind, name: call.target }, { link, policy: permit.policy, server });
  return isAbsent ? { ...notFound(call), kind: 'replied', isError: true } : reply;
}

function targetIn(call: DecodedCall, list: ToolList | NoToolList): FoundTarget {
  if (list.kind === 'no-list') return unavailable(call, list.why);
  return { kind: 'target', definition: list.byName.get(call.target) };
}

function unavailable(call: DecodedCall, why: string): Refusal {
  return refusal(
    'unavailable',
    '(upstream)',
    `${call.session.server} is unavailable: ${why}`,
    'Nothing was sent; the call may be repeated later',
  );
}

function windowText(permit: Permit<{ rule: string; windowText: string }>, exceeded: Exceeded): string {
  return permit.demands.find((demand) => demand.rule === exceeded.demand.rule)?.windowText ?? '';
}

/** Headers of this one request; those of every request are the connection's. */
function headersFor(call: DecodedCall): readonly (readonly [string, string])[] {
  const { traceparent } = call;
  const traced: readonly (readonly [string, string])[] =
    traceparent === undefined ? [] : [['traceparent', traceparent]];
  if (call.session.era === 'legacy') return traced;
  return [...traced, ['mcp-name', encodeMirrored(call.target)], ...call.paramHeaders];
}

function mirrorsOf(definition: JsonObject): readonly Mirror[] {
  let mirrors = mirrorsByDefinition.get(definition);
  if (mirrors === undefined) {
    mirrors = mirroredHeaders(definition);
    mirrorsByDefinition.set(definition, mirrors);
  }
  return mirrors;
}

const mirrorsByDefinition = new WeakMap<JsonObject, readonly Mirror[]>();
const NO_TARGET: Target = { kind: 'target', definition: undefined };
const NOTHING: readonly never[] = [];
/** Of what a server says before one answer: searching it holds everyone up. */
const LOOKED_LENGTH_MAX = 4 * 1024 * 1024;
const NO_DEFINITION: JsonObject = Object.freeze({});
