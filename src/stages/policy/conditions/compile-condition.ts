/** Conditions as written to conditions that decide: the path, the operator, and how `[*]`, `any`, `all`, `not` combine. */
import type { JsonValue } from '../../../domain/json.ts';
import type { Outcome, TrailEntry } from '../../../domain/policy.ts';
import type { ConditionSource } from '../../../domain/policy-document.ts';
import { both, type Condition, type Evaluation, either, evaluateAll, opposite } from '../evaluation.ts';
import { compileReading, type Reading } from '../numeric.ts';
import { NotKept, ReadFault } from '../path.ts';
import { searchCostMax } from '../safe-pattern.ts';
import { compileCel } from './cel.ts';
import type { ConditionContext } from './context.ts';
import type { Test } from './operator.ts';
import { operatorNamed } from './operators.ts';

export function compileConditions(sources: readonly ConditionSource[], context: ConditionContext): Condition[] {
  return sources.map((source) => compileCondition(source, context));
}

function compileCondition(source: ConditionSource, context: ConditionContext): Condition {
  // The policy is never used then, and twenty thousand patterns take half a minute to refuse.
  if (context.enough?.() === true) return refused;
  switch (source.kind) {
    case 'all':
    case 'any': {
      const members = compileConditions(source.members, context);
      const words = members.map((m) => m.words).join(source.kind === 'all' ? ' and ' : ' or ');
      return source.kind === 'all'
        ? { words, evaluate: (evaluation) => evaluateAll(members, evaluation) }
        : { words, evaluate: (evaluation) => evaluateAny(members, evaluation) };
    }
    case 'not': {
      const turned = context.elements === 'every' ? 'some' : 'every';
      const member = compileCondition(source.member, { ...context, elements: turned });
      return {
        words: `it is not so that ${member.words}`,
        evaluate: (evaluation) => opposite(member.evaluate(evaluation)),
      };
    }
    case 'cel':
      return compileCel(source, context);
    case 'test':
      return compileTest(source, context);
    default:
      return source satisfies never;
  }
}

function evaluateAny(members: readonly Condition[], evaluation: Evaluation): Outcome {
  let outcome: Outcome = 'missing';
  for (const member of members) outcome = either(outcome, member.evaluate(evaluation));
  return outcome;
}

/** Reached only where a problem was reported, so that the policy is never used. */
const refused: Condition = { words: 'it cannot be judged', evaluate: () => 'error' };

function compileTest(source: ConditionSource & { kind: 'test' }, context: ConditionContext): Condition {
  const reading = compileReading(source.path, context.inResult);
  if ('error' in reading) {
    context.problem(`${source.pointer}/path`, reading.error, reading.hint);
    return refused;
  }
  const operator = operatorNamed(source.op);
  if (operator === undefined) {
    context.problem(`${source.pointer}/op`, `\`${source.op}\` is no operator`);
    return refused;
  }
  if (reading.path === undefined && !numericOperators.has(source.op)) {
    context.problem(`${source.pointer}/op`, `\`${source.op}\` cannot be asked of a product or sum`);
    return refused;
  }
  const test = operator.compile(source.op, source.value, {
    text: reading.text,
    date: reading.text === 'time.date',
  });
  if ('error' in test) {
    const pointer = source.value === undefined ? source.pointer : `${source.pointer}/value`;
    context.problem(pointer, test.error, test.hint);
    return refused;
  }
  const rule = context.prefix + source.pointer;
  const words = `\`${reading.text}\` ${test.holds}`;
  return reading.path?.hasEvery === true
    ? everyElement(rule, words, reading, test, source, context.elements)
    : single(rule, words, reading, test, source);
}

const numericOperators = new Set(['eq', 'neq', 'in', 'not_in', 'lt', 'lte', 'gt', 'gte', 'exists']);

function single(
  rule: string,
  words: string,
  reading: Reading,
  test: Test,
  source: { readonly op: string; readonly value: JsonValue | undefined },
): Condition {
  const { text, read } = reading;
  const { op, value: expected } = source;
  return {
    words,
    evaluate(evaluation) {
      let seen: JsonValue | undefined;
      let note: string | undefined;
      let outcome: Outcome;
      try {
        seen = read(evaluation);
        const answer = seen === undefined ? (test.whenMissing ?? undefined) : test.test(seen);
        if (answer === undefined) {
          outcome = 'missing';
          evaluation.absent ??= text;
        } else if (typeof answer === 'string') {
          outcome = 'error';
          note = answer;
        } else outcome = answer ? 'holds' : 'fails';
      } catch (fault) {
        if (!(fault instanceof ReadFault)) throw fault;
        // Given is all that `exists` asks, whatever the value was.
        const given = op === 'exists' && fault instanceof NotKept && fault.given && reading.path?.steps.length === 1;
        outcome = !given ? 'error' : test.whenMissing === true ? 'fails' : 'holds';
        note = given ? undefined : fault.message;
      }
      if (outcome === 'error') evaluation.fault ??= `\`${text}\` ${note ?? 'cannot be judged'}`;
      evaluation.trail.push(entry(rule, outcome, text, op, expected, seen, note, evaluation.shadow));
      return outcome;
    },
  };
}

/** Positions of a list shown in the trail. */
const shownElementsMax = 20;

function everyElement(
  rule: string,
  words: string,
  reading: Reading,
  test: Test,
  source: { readonly op: string; readonly value: JsonValue | undefined },
  elements: 'every' | 'some',
): Condition {
  const { text, path } = reading;
  const { op, value: expected } = source;
  const combine = elements === 'every' ? both : either;
  return {
    words: `${elements} ${words}`,
    evaluate(evaluation) {
      let outcome: Outcome = elements === 'every' ? 'holds' : 'missing';
      let note: string | undefined;
      const shown: JsonValue[] = [];
      let spent = 0;
      try {
        for (const seen of path?.readEvery(evaluation) ?? []) {
          if (seen !== undefined && shown.length < shownElementsMax) shown.push(seen);
          if (seen !== undefined && test.cost !== undefined) spent += test.cost(seen);
          const answer =
            seen === undefined
              ? (test.whenMissing ?? undefined)
              : spent > searchCostMax
                ? 'is too much for this pattern'
                : test.test(seen);
          if (answer === undefined) evaluation.absent ??= text;
          if (typeof answer === 'string') note ??= answer;
          outcome = combine(
            outcome,
            answer === undefined ? 'missing' : typeof answer === 'string' ? 'error' : answer ? 'holds' : 'fails',
          );
        }
      } catch (fault) {
        if (!(fault instanceof ReadFault)) throw fault;
        outcome = 'error';
        note = fault.message;
      }
      if (outcome === 'error') evaluation.fault ??= `\`${text}\` ${note ?? 'cannot be judged'}`;
      evaluation.trail.push(entry(rule, outcome, text, op, expected, shown, note, evaluation.shadow));
      return outcome;
    },
  };
}

function entry(
  rule: string,
  outcome: Outcome,
  read: string,
  op: string,
  expected: JsonValue | undefined,
  seen: JsonValue | undefined,
  note: string | undefined,
  shadow: boolean,
): TrailEntry {
  // The common case first and with one shape, as this is the hottest allocation of a decision.
  if (note === undefined && !shadow && expected !== undefined && seen !== undefined) {
    return { rule, kind: 'condition', outcome, read, op, expected, seen };
  }
  return {
    rule,
    kind: 'condition',
    outcome,
    read,
    op,
    ...(expected === undefined ? {} : { expected }),
    ...(seen === undefined ? {} : { seen }),
    ...(note === undefined ? {} : { note }),
    ...(shadow ? { shadow } : {}),
  };
}
