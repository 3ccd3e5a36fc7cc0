/**
 * The decision on one call: everything that applies, applies, and the most restrictive wins; among equals the first in
 * the order of naming is the rule that is named. Pure: the clock, counters and approvals come in as facts.
 */
import type {
  AskDemand,
  CallFacts,
  Decision,
  LimitDemand,
  PolicySet,
  TrailEntry,
  Verdict,
} from '../../domain/policy.ts';
import { checkArguments, checkRequired } from './arguments-schema.ts';
import { type CompiledEntry, type CompiledRule, compiledSet, type ToolPlan } from './compiled.ts';
import { checkExpression } from './conditions/cel-types.ts';
import { Evaluation, evaluateAll } from './evaluation.ts';
import { planOf } from './plan.ts';

export function decide(policy: PolicySet, call: CallFacts): Decision {
  const set = compiledSet(policy);
  if (set.compiled.length === 0) return refusedWithoutPolicy;
  const plan = planOf(set, call);
  if (plan.constant !== undefined) return plan.constant;
  const decision = judge(plan, call);
  if (!plan.readsCall) plan.constant = decision;
  return decision;
}

const refusedWithoutPolicy: Decision = {
  verdict: 'refuse',
  rule: '(no policy)',
  reason: 'no policy is set for this caller, so every call is refused',
  remedy: 'The operator must give this grant a policy',
  trail: [],
  limits: [],
  asks: [],
};

const rank: Readonly<Record<Verdict, number>> = { permit: 0, ask: 1, refuse: 2, hidden: 3 };

/** The most restrictive finding so far, with rules in shadow left out and with them counted. */
class Judgement {
  verdict: Verdict = 'permit';
  rule = '';
  reason = '';
  remedy: string | undefined = undefined;

  take(verdict: Verdict, rule: string, reason: string, remedy: string | undefined): void {
    if (rank[verdict] <= rank[this.verdict]) return;
    this.verdict = verdict;
    this.rule = rule;
    this.reason = reason;
    this.remedy = remedy;
  }
}

class Findings {
  readonly enforced = new Judgement();
  readonly counted = new Judgement();
  readonly limits: LimitDemand[] = [];
  readonly asks: AskDemand[] = [];

  take(verdict: Verdict, shadow: boolean, rule: string, reason: string, remedy?: string): void {
    if (!shadow) this.enforced.take(verdict, rule, reason, remedy);
    this.counted.take(verdict, rule, reason, remedy);
  }
}

function judge(plan: ToolPlan, call: CallFacts): Decision {
  const trail: TrailEntry[] = plan.trail.slice();
  const evaluation = new Evaluation(call, trail);
  const findings = new Findings();
  for (const document of plan.documents) {
    if (document.hidden !== undefined) findings.take('hidden', document.shadow, document.hidden, 'this tool is hidden');
    for (const entry of document.entries) judgeEntry(entry, evaluation, findings);
    if (document.unlisted !== undefined) {
      findings.take('refuse', document.shadow, document.unlisted, 'no rule allows this tool');
    }
  }
  return conclude(plan, trail, findings);
}

function conclude(plan: ToolPlan, trail: TrailEntry[], findings: Findings): Decision {
  const { enforced, counted } = findings;
  const permitted = enforced.verdict === 'permit';
  const { verdict, remedy } = enforced;
  const reserves = permitted || verdict === 'ask';
  // A call that shadow rules would have refused takes nothing from their buckets.
  const limits = !reserves
    ? none
    : counted.verdict === 'permit' || !plan.watched
      ? findings.limits
      : findings.limits.filter((limit) => !limit.shadow);
  return {
    verdict,
    rule: permitted ? plan.permitRule : enforced.rule,
    reason: permitted ? 'the policy allows this call' : enforced.reason,
    ...(remedy === undefined ? {} : { remedy }),
    trail,
    limits,
    asks: verdict === 'ask' ? findings.asks : none,
    ...(plan.watched ? shadowOf(plan, findings) : {}),
  };
}

const none: readonly never[] = [];

function shadowOf(plan: ToolPlan, { enforced, counted }: Findings): Pick<Decision, 'shadow'> {
  const allShadow = plan.documents.every((document) => document.shadow);
  if (!allShadow && counted.verdict === enforced.verdict) return {};
  return {
    shadow: {
      verdict: counted.verdict,
      rule: counted.verdict === 'permit' ? plan.permitRule : counted.rule,
      reason: counted.verdict === 'permit' ? 'the policy allows this call' : counted.reason,
    },
  };
}

function judgeEntry(entry: CompiledEntry, evaluation: Evaluation, findings: Findings): void {
  const { shadow } = entry;
  evaluation.shadow = shadow;
  evaluation.timezone = entry.timezone;
  if (entry.deny) {
    evaluation.trail.push(trailEntry(`${entry.rule}/action`, 'action', 'holds', shadow));
    findings.take('refuse', shadow, `${entry.rule}/action`, entry.reason ?? 'this tool is denied');
  }
  if (entry.argumentsRule !== undefined) {
    schemaCheck(entry.argumentsRule, checkArguments(evaluation.call), entry, evaluation, findings);
  }
  if (entry.requiredRule !== undefined) {
    schemaCheck(entry.requiredRule, checkRequired(evaluation.call), entry, evaluation, findings);
  }
  for (const { rule, expression } of entry.expressions) {
    const wrong = checkExpression(expression, evaluation.call.schema);
    if (wrong !== undefined) findings.take('refuse', shadow, rule, wrong);
  }
  for (const rule of entry.rules) judgeRule(rule, entry, evaluation, findings);
  if (entry.approval !== undefined) judgeApproval(entry, entry.approval, evaluation, findings);
  for (const limit of entry.limits) {
    const demand = limit.demand(evaluation);
    if (typeof demand === 'string') {
      evaluation.trail.push({ ...trailEntry(limit.rule, 'limit', 'error', shadow), note: `the amount ${demand}` });
      findings.take('refuse', shadow, limit.rule, `the amount of a limit cannot be counted: it ${demand}`);
    } else findings.limits.push(demand);
  }
}

function trailEntry(
  rule: string,
  kind: TrailEntry['kind'],
  outcome: TrailEntry['outcome'],
  shadow: boolean,
): TrailEntry {
  return shadow ? { rule, kind, outcome, shadow } : { rule, kind, outcome };
}

function schemaCheck(
  rule: string,
  wrong: string | undefined,
  entry: CompiledEntry,
  evaluation: Evaluation,
  findings: Findings,
): void {
  const { shadow } = entry;
  const outcome = wrong === undefined ? 'holds' : 'fails';
  evaluation.trail.push({
    ...trailEntry(rule, 'arguments', outcome, shadow),
    ...(wrong === undefined ? {} : { note: wrong }),
  });
  if (wrong !== undefined) findings.take('refuse', shadow, rule, wrong, 'Arguments that fit the tool’s schema pass');
}

function judgeRule(rule: CompiledRule, entry: CompiledEntry, evaluation: Evaluation, findings: Findings): void {
  const { shadow } = entry;
  evaluation.begin();
  const outcome = evaluateAll(rule.conditions, evaluation);
  evaluation.trail.push(trailEntry(rule.rule, rule.kind, outcome, shadow));
  if (outcome === 'error') {
    findings.take('refuse', shadow, rule.rule, `a rule cannot be judged: ${evaluation.fault ?? 'an error'}`);
  } else if (rule.kind === 'deny_if' ? outcome === 'holds' : outcome !== 'holds') {
    findings.take(
      'refuse',
      shadow,
      rule.rule,
      rule.onDeny ?? entry.reason ?? generated(rule, outcome, evaluation),
      rule.remedy,
    );
  }
}

function generated(rule: CompiledRule, outcome: string, evaluation: Evaluation): string {
  if (outcome !== 'missing' || evaluation.absent === undefined) return rule.reason;
  return `${rule.reason}, and \`${evaluation.absent}\` is missing`;
}

function judgeApproval(
  entry: CompiledEntry,
  approval: NonNullable<CompiledEntry['approval']>,
  evaluation: Evaluation,
  findings: Findings,
): void {
  const { shadow } = entry;
  evaluation.begin();
  const outcome = approval.if === undefined ? 'holds' : evaluateAll(approval.if, evaluation);
  evaluation.trail.push(trailEntry(approval.rule, 'approval', outcome, shadow));
  if (outcome === 'error') {
    findings.take('refuse', shadow, approval.rule, `a rule cannot be judged: ${evaluation.fault ?? 'an error'}`);
    return;
  }
  // A path that is missing asks: leaving an argument out is no way around a person.
  if (outcome === 'fails' || evaluation.call.approvals?.includes(approval.rule) === true) return;
  const reason = entry.reason ?? 'a person must approve this call';
  findings.take('ask', shadow, approval.rule, reason);
  const { rule, approvers, quorum, expiresMs, validForMs, holdMs } = approval;
  if (!shadow) findings.asks.push({ rule, reason, approvers, quorum, expiresMs, validForMs, holdMs });
}
