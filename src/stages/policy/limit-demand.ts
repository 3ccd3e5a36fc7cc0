/** From a limit of a rule and one call to what the limit engine must reserve. */
import { decimalText, parseDecimal } from '../../domain/decimal.ts';
import { JsonNumber } from '../../domain/json.ts';
import type { CallFacts, LimitDemand, LimitWindow, Scope } from '../../domain/policy.ts';
import type { LimitRule } from '../../domain/policy-document.ts';
import { compileExpression } from './conditions/cel.ts';
import type { ConditionContext } from './conditions/context.ts';
import type { Evaluation } from './evaluation.ts';
import { compileReading } from './numeric.ts';
import { ReadFault } from './path.ts';
import { numericText } from './values.ts';

/** Bounds of every amount and `max`: what all stores count exactly. */
export const fractionDigitsMax = 18;
export const integerDigitsMax = 36;

export interface CompiledLimit {
  readonly rule: string;
  readonly counter: string;
  readonly window: LimitWindow;
  /** The demand, or why the amount cannot be counted: what follows "the amount". */
  demand(evaluation: Evaluation): LimitDemand | string;
  readonly onDeny: string | undefined;
}

/** The plain text of a decimal that can be counted, or what is wrong with it. */
export function countable(text: string): string | { readonly error: string } {
  const decimal = parseDecimal(text);
  if (decimal === undefined) return { error: 'is no number within bounds' };
  if (decimal.digits < 0n) return { error: 'is negative' };
  const plain = decimalText(decimal);
  const [whole = '', fraction = ''] = plain.split('.');
  if (fraction.length > fractionDigitsMax) return { error: `has more than ${fractionDigitsMax} fraction digits` };
  if (whole.length > integerDigitsMax) return { error: 'is too large' };
  return plain;
}

export function compileLimit(
  limit: LimitRule,
  document: string,
  shadow: boolean,
  context: ConditionContext,
): CompiledLimit {
  const rule = context.prefix + limit.pointer;
  const amount = compileAmount(limit, context);
  const scopeOf = compileScope(limit.per, document);
  const { counter, max, window, windowText, onDeny } = limit;
  const rest = onDeny === undefined ? {} : { onDeny };
  return {
    rule,
    counter,
    window,
    onDeny,
    demand(evaluation) {
      const counted = typeof amount === 'string' ? amount : amount(evaluation);
      if (typeof counted !== 'string') return counted.error;
      const scope = scopeOf(evaluation.call);
      return { rule, counter, scope, max, window, windowText, amount: counted, shadow, ...rest };
    },
  };
}

type Counted = string | { readonly error: string };

function compileAmount(limit: LimitRule, context: ConditionContext): string | ((evaluation: Evaluation) => Counted) {
  const pointer = `${limit.pointer}/amount`;
  const { amount } = limit;
  if (amount === undefined) return '1';
  if (amount instanceof JsonNumber) {
    const plain = countable(amount.text);
    if (typeof plain === 'string') return plain;
    context.problem(pointer, `the amount ${plain.error}`);
    return '0';
  }
  if (context.enough?.() === true) return '0';
  if (typeof amount === 'object' && 'cel' in amount) {
    const expression = compileExpression(amount.cel, false);
    if ('error' in expression) {
      context.problem(`${pointer}/cel`, expression.error, expression.hint);
      return '0';
    }
    if (!['double', 'int', 'string', 'dyn'].includes(expression.type)) {
      context.problem(`${pointer}/cel`, `the expression gives ${expression.type}, not a number`);
    }
    context.expression?.(pointer, expression);
    return (evaluation) => guarded(() => celAmount(expression.run(evaluation)));
  }
  const reading = compileReading(amount, false);
  if ('error' in reading) {
    context.problem(pointer, reading.error, reading.hint);
    return '0';
  }
  if (reading.path?.hasEvery === true) {
    context.problem(pointer, `\`${reading.text}\` is many amounts`, `write {sum: ["${reading.text}"]}`);
    return '0';
  }
  return (evaluation) =>
    guarded(() => {
      const value = reading.read(evaluation);
      if (value === undefined) return { error: `is missing: \`${reading.text}\` is not given` };
      const text = numericText(value);
      return text === undefined ? { error: `is no number: \`${reading.text}\`` } : countable(text);
    });
}

function guarded(read: () => Counted): Counted {
  try {
    return read();
  } catch (fault) {
    if (!(fault instanceof ReadFault)) throw fault;
    return { error: fault.message };
  }
}

function celAmount(value: unknown): Counted {
  if (typeof value === 'bigint') return countable(value.toString());
  if (typeof value === 'string') return countable(value);
  if (typeof value === 'number') return countable(String(value));
  return { error: 'is no number' };
}

type ScopeOf = (call: CallFacts) => readonly string[];

function compileScope(per: readonly Scope[], document: string): ScopeOf {
  const [only] = per;
  if (per.length === 1 && only !== undefined) return (call) => [scopeValue(only, call, document)];
  return (call) => per.map((scope) => scopeValue(scope, call, document));
}

function scopeValue(scope: Scope, call: CallFacts, document: string): string {
  switch (scope) {
    case 'session':
      return `session=${call.session.id}`;
    case 'grant':
      return `grant=${call.grant ?? call.caller.id}`;
    case 'caller':
      return `caller=${call.caller.id}`;
    case 'agent':
      return `agent=${agentText(call.caller.agent)}`;
    case 'server':
      return `server=${call.server}`;
    case 'tool':
      // Two servers may offer one name; a server id has no slash.
      return `tool=${call.server}/${call.tool}`;
    case 'policy':
      // By its file, not its hash: logs outlive a change of the document.
      return `policy=${document}`;
    default:
      return scope satisfies never;
  }
}

const noAgent = '(none)';

/** An agent that is called as the absent one is shown gets quotes, so that the two never share a bucket. */
function agentText(agent: string | undefined): string {
  if (agent === undefined) return noAgent;
  return agent === noAgent || agent.startsWith('"') ? JSON.stringify(agent) : agent;
}
