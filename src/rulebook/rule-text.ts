/** Rules as a person would have written them: YAML on one line, with what is there by default left out. */
import { isJsonArray, isJsonObject, JsonNumber, type JsonValue, toJson } from '../domain/json.ts';
import type { ApprovalRule, ConditionSource, InspectRule, LimitRule, PolicyRule } from '../domain/policy-document.ts';
import { canonicalText } from '../platform/canonical.ts';
import { approvalDefaults } from './native.ts';
import { durationMs } from './windows.ts';

/** A rule of `require` or `deny_if`. */
export function ruleText(rule: PolicyRule): string {
  return yaml(ruleValue(rule));
}

/** Conditions that hold together. */
export function conditionsText(conditions: readonly ConditionSource[]): string {
  return yaml(conditions.map(conditionValue));
}

export function approvalText({ if: asked, approvers, quorum, expiresMs, validForMs, holdMs }: ApprovalRule): string {
  const unless = (ms: number, otherwise: string): string | number | undefined =>
    ms === msOf(otherwise) ? undefined : spanText(ms);
  return yaml({
    if: asked?.map(conditionValue),
    approvers: approvers.length === 0 ? undefined : approvers,
    quorum: quorum === 1 ? undefined : quorum,
    expires: unless(expiresMs, approvalDefaults.expires),
    valid_for: unless(validForMs, approvalDefaults.validFor),
    hold: holdMs === 0 ? 0 : unless(holdMs, approvalDefaults.hold),
  });
}

export function inspectText({ redact, strip, maxBytes, denyIf }: InspectRule): string {
  const redacted = redact.map((item) => {
    if ('path' in item) return { path: item.path };
    return { pattern: 'regex' in item ? { regex: item.regex } : item.pattern };
  });
  return yaml({
    redact: redact.length === 0 ? undefined : redacted,
    strip: strip.length === 0 ? undefined : strip,
    max_bytes: maxBytes,
    deny_if: denyIf.length === 0 ? undefined : denyIf.map(ruleValue),
  });
}

export function amountText(amount: NonNullable<LimitRule['amount']>): string {
  return yaml(amount);
}

function ruleValue({ conditions, onDeny }: PolicyRule): object {
  return { conditions: conditions.map(conditionValue), on_deny: onDeny };
}

function conditionValue(condition: ConditionSource): object {
  switch (condition.kind) {
    case 'test': {
      const { path, op, value } = condition;
      return { path, op, value: value === undefined ? undefined : inOrder(value) };
    }
    case 'any':
      return { any: condition.members.map(conditionValue) };
    case 'all':
      return { all: condition.members.map(conditionValue) };
    case 'not':
      return { not: conditionValue(condition.member) };
    case 'cel':
      return { cel: condition.text };
    default:
      return condition satisfies never;
  }
}

/** The order of an object's members is none of the rule. */
function inOrder(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map(inOrder);
  if (!isJsonObject(value)) return value;
  const names = Object.keys(value).toSorted();
  return Object.fromEntries(names.map((name) => [name, inOrder(value[name] as JsonValue)]));
}

/** In the largest unit that it is a whole number of, or in seconds. */
function spanText(ms: number): string | number {
  const [unit, length] = units.find(([, span]) => ms % span === 0) ?? [];
  return length === undefined ? ms / 1_000 : `${ms / length}${unit}`;
}

const units: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
];

function msOf(span: string): number {
  const read = durationMs(span);
  return 'value' in read ? read.value : Number.NaN;
}

function yaml(value: object | string): string {
  return flow(toJson(value));
}

function flow(value: JsonValue): string {
  if (typeof value === 'string') return scalar(value);
  // A number by its value, so that 1.0 and 1 are the same rule.
  if (value instanceof JsonNumber || value === null || typeof value === 'boolean') return canonicalText(value);
  if (isJsonArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (!isJsonObject(value)) return canonicalText(value);
  const members = Object.entries(value).map(([key, member]) => `${scalar(key)}: ${flow(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

/** Without quotes only where nobody could take it for something else. */
function scalar(text: string): string {
  return /^(?:[A-Za-z_][A-Za-z0-9_.]*|[0-9]+[smhd])$/.test(text) &&
    !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text);
}
