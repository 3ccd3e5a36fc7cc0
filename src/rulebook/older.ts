/**
 * The older dialect → the one form. Kept: conditions are what must hold, all rules of a tool apply, `*` is every tool and
 * lists none, counters run in calendar windows of UTC. What is not kept is in `older-differences.ts`.
 */

import { addDecimals, decimalText, parseDecimal } from '../domain/decimal.ts';
import type { JsonValue } from '../domain/json.ts';
import { JsonNumber } from '../domain/json.ts';
import type { CalendarUnit } from '../domain/policy.ts';
import type { LimitRule, PolicyDocument, PolicyEntry, PolicyRule } from '../domain/policy-document.ts';
import { canonicalText } from '../platform/canonical.ts';
import { pointerPart } from '../platform/source-document.ts';
import { countable } from '../stages/policy/limit-demand.ts';
import { contentHash } from './canonical.ts';
import { nativeRateLimit, type Report } from './native.ts';
import { everyTool, type OlderCondition, type OlderPolicy, type OlderRule } from './older-schema.ts';

/** Every counter that some rule of the document keeps: name → window. */
type Kept = ReadonlyMap<string, CalendarUnit>;

export function olderPolicyDocument(file: string, raw: OlderPolicy, value: JsonValue, report: Report): PolicyDocument {
  const kept = keptCounters(raw);
  const tools = new Map<string, PolicyEntry>();
  let allTools: PolicyEntry | undefined;
  for (const [name, { rules }] of Object.entries(raw.tools)) {
    const entry = toolEntry(name, rules, kept, report);
    if (name === everyTool) allTools = entry;
    else tools.set(name, entry);
  }
  return {
    file,
    hash: contentHash(canonicalText(value)),
    mode: 'enforce',
    timezone: 'UTC',
    level: {
      pointer: '',
      default: raw.default,
      timezone: 'UTC',
      hide: (raw.hide ?? []).map((pattern, i) => ({ pattern, pointer: `/hide/${i}` })),
      ...(allTools === undefined ? {} : { allTools }),
      categories: new Map(),
      tools,
    },
    servers: new Map(),
  };
}

function owner(tool: string): string {
  return tool === everyTool ? '_global' : tool;
}

function keptCounters(raw: OlderPolicy): Kept {
  const kept = new Map<string, CalendarUnit>();
  for (const [name, { rules }] of Object.entries(raw.tools)) {
    for (const rule of rules) {
      if (rule.state !== undefined) kept.set(`${owner(name)}.${rule.state.counter}`, rule.state.window);
      if (typeof rule.rate_limit === 'string') {
        const window = rule.rate_limit.split('/')[1] as CalendarUnit;
        kept.set(`${owner(name)}._rate_${window}`, window);
      }
    }
  }
  return kept;
}

function toolEntry(tool: string, rules: readonly OlderRule[], kept: Kept, report: Report): PolicyEntry {
  const pointer = `/tools/${pointerPart(tool)}`;
  const denyIf: PolicyRule[] = [];
  const require: PolicyRule[] = [];
  const limits: LimitRule[] = [];
  let requiredArguments: string | undefined;
  rules.forEach((rule, i) => {
    const at = `${pointer}/rules/${i}`;
    const onDeny = said(rule);
    if (rule.action === 'deny') {
      denyIf.push({ pointer: at, conditions: [], ...onDeny });
      return;
    }
    const plain = (rule.conditions ?? []).map((condition, n) => ({ condition, at: `${at}/conditions/${n}` }));
    const tests = plain.filter(({ condition }) => !readsState(condition));
    if (tests.length > 0) {
      const conditions = tests.map(({ condition: { path, op, value }, at: place }) => ({
        kind: 'test' as const,
        pointer: place,
        path,
        op,
        value,
      }));
      require.push({ pointer: at, conditions, ...onDeny });
    }
    for (const { condition, at: place } of plain.filter((p) => readsState(p.condition))) {
      const limit = stateLimit(tool, rule, condition, place, kept, report);
      if (limit !== undefined) limits.push(limit);
    }
    if (rule.rate_limit !== undefined) limits.push(rateLimit(tool, rule, `${at}/rate_limit`, report));
    if (rule.validate?.required_args === true) requiredArguments ??= `${at}/validate/required_args`;
  });
  return {
    pointer,
    key: pointer.slice(1),
    action: 'allow',
    actionWritten: false,
    shadow: false,
    argumentsSchema: false,
    denyIf,
    require,
    limits,
    ...(requiredArguments === undefined ? {} : { requiredArguments }),
  };
}

function said(rule: OlderRule): { onDeny?: string } {
  const text = rule.on_deny ?? rule.reason;
  return text === undefined ? {} : { onDeny: text };
}

function readsState({ path }: OlderCondition): boolean {
  return path.startsWith('state.');
}

/** `10/hour` in the calendar hour; `{max, window}` as this language's `rate_limit`. */
function rateLimit(tool: string, rule: OlderRule, pointer: string, report: Report): LimitRule {
  const written = rule.rate_limit;
  if (typeof written !== 'string') {
    const key = `tools/${tool}`;
    const { max = new JsonNumber('0'), window = new JsonNumber('1') } = written ?? {};
    const raw = { max, window, on_deny: said(rule).onDeny };
    return nativeRateLimit(raw, pointer, key, { timezone: 'UTC', report });
  }
  const [max = '0', window = 'day'] = written.split('/');
  return {
    pointer,
    counter: `${owner(tool)}._rate_${window}`,
    per: ['grant'],
    max,
    window: calendar(window as CalendarUnit),
    windowText: window,
    ...said(rule),
  };
}

function calendar(unit: CalendarUnit): LimitRule['window'] {
  return { kind: 'calendar', unit, timezone: 'UTC' };
}

/** `state.<tool>.<counter>` below a bound: a limit. A rule with its own `state` counts; another only reads. */
function stateLimit(
  tool: string,
  rule: OlderRule,
  { path, op, value }: OlderCondition,
  pointer: string,
  kept: Kept,
  report: Report,
): LimitRule | undefined {
  const name = path.slice('state.'.length);
  const unit = kept.get(name);
  if (unit === undefined) {
    report({
      pointer: `${pointer}/path`,
      message: `no rule counts \`${path}\``,
      hint: `counted here: ${[...kept.keys()].map((k) => `state.${k}`).join(', ') || 'nothing'}`,
    });
    return undefined;
  }
  const max = bound(op, value);
  if (typeof max !== 'string') {
    report({ pointer, message: max.error, hint: 'write `lte` or `lt` with a whole number or a decimal' });
    return undefined;
  }
  const own = rule.state !== undefined && name === `${owner(tool)}.${rule.state.counter}`;
  return {
    pointer,
    counter: name,
    per: ['grant'],
    max,
    window: calendar(unit),
    windowText: unit,
    // A reader enters the log with nothing.
    amount: own ? (rule.state?.increment_from ?? rule.state?.increment ?? new JsonNumber('1')) : new JsonNumber('0'),
    ...said(rule),
  };
}

/** The highest total that passes: the value itself, or for `lt` one less, as counters were whole numbers. */
function bound(op: string, value: JsonValue | undefined): string | { readonly error: string } {
  const text = value instanceof JsonNumber ? value.text : typeof value === 'string' ? value : undefined;
  const decimal = text === undefined ? undefined : parseDecimal(text);
  if (decimal === undefined || (op !== 'lt' && op !== 'lte'))
    return { error: 'a counter can only be held below a number' };
  const highest = op === 'lte' ? decimal : addDecimals(decimal, { digits: -1n, scale: 0 });
  const plain = countable(decimalText(highest));
  return typeof plain === 'string' ? plain : { error: `the bound ${plain.error}` };
}
