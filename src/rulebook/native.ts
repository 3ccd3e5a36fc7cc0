/** This language as read (`schema.ts`) → the one form that compiles (`domain/policy-document.ts`). */
import { isJsonObject, JsonNumber, type JsonValue, toJson } from '../domain/json.ts';
import { CATEGORIES, type Category, SCOPES, type Scope, SEVERITIES, type Severity } from '../domain/policy.ts';
import type {
  ApprovalRule,
  ConditionSource,
  InspectRule,
  LimitRule,
  NamePattern,
  NameRules,
  NumericSource,
  PolicyDocument,
  PolicyEntry,
  PolicyLevel,
  PolicyProblem,
  PolicyRule,
  RedactRule,
} from '../domain/policy-document.ts';
import { canonicalText } from '../platform/canonical.ts';
import { pointerPart } from '../platform/source-document.ts';
import { countable } from '../stages/policy/limit-demand.ts';
import { isTimezone } from '../stages/policy/wall-clock.ts';
import { contentHash, shortHash } from './canonical.ts';
import type {
  RawApproval,
  RawCondition,
  RawEntry,
  RawInspect,
  RawLevel,
  RawLimit,
  RawPolicy,
  RawRateLimit,
  RawRule,
} from './schema.ts';
import { durationMs, limitWindow } from './windows.ts';

/** Told of what is wrong; the document is then not used. */
export type Report = (problem: PolicyProblem) => void;

export function nativeDocument(file: string, raw: RawPolicy, value: JsonValue, report: Report): PolicyDocument {
  const timezone = zone(raw.timezone, '/timezone', report) ?? 'UTC';
  const servers = new Map<string, PolicyLevel>();
  for (const [id, block] of Object.entries(raw.servers ?? {})) {
    servers.set(id, level(block, `/servers/${pointerPart(id)}`, timezone, report));
  }
  return {
    file,
    hash: contentHash(canonicalText(withoutDescriptions(value))),
    mode: raw.mode ?? 'enforce',
    timezone,
    level: { ...level(raw, '', timezone, report), default: raw.default },
    servers,
  };
}

/** Free text changes nothing that is decided. */
function withoutDescriptions(value: JsonValue): JsonValue {
  if (!isJsonObject(value)) return value;
  const { description: _, ...rest } = value;
  return rest;
}

function zone(written: string | undefined, pointer: string, report: Report): string | undefined {
  if (written === undefined || isTimezone(written)) return written;
  report({
    pointer,
    message: `\`${written}\` is no time zone`,
    hint: 'write an IANA name such as `UTC` or `Europe/Berlin`',
  });
  return undefined;
}

function level(raw: RawLevel, pointer: string, outerZone: string, report: Report): PolicyLevel {
  // The document's own was looked at already.
  const timezone = pointer === '' ? outerZone : (zone(raw.timezone, `${pointer}/timezone`, report) ?? outerZone);
  const around: Around = { timezone, report };
  const tools = new Map<string, PolicyEntry>();
  for (const [name, entry] of Object.entries(raw.tools ?? {})) {
    tools.set(name, nativeEntry(entry, `${pointer}/tools/${pointerPart(name)}`, around));
  }
  const categories = new Map<Category | Severity, PolicyEntry>();
  for (const name of [...CATEGORIES, ...SEVERITIES]) {
    const entry = (raw.categories as Record<string, RawEntry | undefined> | undefined)?.[name];
    if (entry !== undefined) categories.set(name, nativeEntry(entry, `${pointer}/categories/${name}`, around));
  }
  const prompts = nameRules(raw.prompts, `${pointer}/prompts`);
  const resources = nameRules(raw.resources, `${pointer}/resources`);
  return {
    pointer,
    ...(raw.default === undefined ? {} : { default: raw.default }),
    timezone,
    hide: patterns(raw.hide, `${pointer}/hide`),
    ...(raw.all_tools === undefined ? {} : { allTools: nativeEntry(raw.all_tools, `${pointer}/all_tools`, around) }),
    categories,
    tools,
    ...(prompts === undefined ? {} : { prompts }),
    ...(resources === undefined ? {} : { resources }),
  };
}

function patterns(names: readonly string[] | undefined, pointer: string): NamePattern[] {
  return (names ?? []).map((pattern, i) => ({ pattern, pointer: `${pointer}/${i}` }));
}

function nameRules(raw: RawLevel['prompts'], pointer: string): NameRules | undefined {
  if (raw === undefined) return undefined;
  return {
    ...(raw.allow === undefined ? {} : { allow: patterns(raw.allow, `${pointer}/allow`) }),
    hide: patterns(raw.hide, `${pointer}/hide`),
  };
}

export interface Around {
  readonly timezone: string;
  readonly report: Report;
}

function nativeEntry(raw: RawEntry, pointer: string, around: Around): PolicyEntry {
  // The key of a counter without a name: where the entry stands, which outlives changes inside it.
  const key = pointer.slice(1);
  const action = raw.action ?? 'allow';
  if (raw.approval !== undefined && action !== 'require_approval') {
    around.report({
      pointer: `${pointer}/approval`,
      message: '`approval` without `action: require_approval`',
      hint: 'write `action: require_approval`, or leave `approval` out',
    });
  }
  const limits: LimitRule[] = [];
  if (raw.rate_limit !== undefined) limits.push(nativeRateLimit(raw.rate_limit, `${pointer}/rate_limit`, key, around));
  raw.limits?.forEach((limit, i) => limits.push(countedLimit(limit, `${pointer}/limits/${i}`, key, around)));
  return {
    pointer,
    key,
    action,
    actionWritten: raw.action !== undefined,
    ...(raw.reason === undefined ? {} : { reason: raw.reason }),
    shadow: raw.shadow ?? false,
    argumentsSchema: raw.arguments === 'schema',
    denyIf: rules(raw.deny_if, `${pointer}/deny_if`),
    require: required(raw.require, `${pointer}/require`, around),
    ...(action === 'require_approval' ? { approval: approvalRule(raw.approval, pointer, around) } : {}),
    limits,
    ...(raw.inspect === undefined ? {} : { inspect: inspectRule(raw.inspect, `${pointer}/inspect`) }),
  };
}

function rules(raw: readonly RawRule[] | undefined, pointer: string): PolicyRule[] {
  return (raw ?? []).map((rule, i) => ({
    pointer: `${pointer}/${i}`,
    conditions: conditions(rule.conditions, `${pointer}/${i}/conditions`),
    ...(rule.on_deny === undefined ? {} : { onDeny: rule.on_deny }),
  }));
}

function required(raw: readonly RawRule[] | undefined, pointer: string, { report }: Around): PolicyRule[] {
  raw?.forEach((rule, i) => {
    if (rule.conditions.length > 0) return;
    report({
      pointer: `${pointer}/${i}/conditions`,
      message: 'a `require` without conditions always holds',
      hint: 'write a condition, or leave the rule out',
    });
  });
  return rules(raw, pointer);
}

function conditions(raw: readonly RawCondition[], pointer: string): ConditionSource[] {
  return raw.map((condition, i) => nativeCondition(condition, `${pointer}/${i}`));
}

function nativeCondition(raw: RawCondition, pointer: string): ConditionSource {
  if ('any' in raw) return { kind: 'any', pointer, members: conditions(raw.any, `${pointer}/any`) };
  if ('all' in raw) return { kind: 'all', pointer, members: conditions(raw.all, `${pointer}/all`) };
  if ('not' in raw) return { kind: 'not', pointer, member: nativeCondition(raw.not, `${pointer}/not`) };
  if ('cel' in raw) return { kind: 'cel', pointer, text: raw.cel };
  return { kind: 'test', pointer, path: raw.path as NumericSource, op: raw.op, value: raw.value };
}

export function nativeRateLimit(raw: RawRateLimit, pointer: string, key: string, around: Around): LimitRule {
  // Each tool apart, whatever else `per` names.
  const per = ordered([...scopesOf(raw, ['session'], pointer, around), 'tool']);
  return limitRule(raw, pointer, per, `${key}#rate`, undefined, around);
}

function countedLimit(raw: RawLimit, pointer: string, key: string, around: Around): LimitRule {
  const per = ordered(scopesOf(raw, ['grant'], pointer, around));
  const counter = raw.counter ?? `${key}#${shortHash(canonicalText(toJson([raw.amount ?? '1', per])))}`;
  return limitRule(raw, pointer, per, counter, raw.amount, around);
}

function limitRule(
  raw: RawRateLimit,
  pointer: string,
  per: readonly Scope[],
  counter: string,
  amount: RawLimit['amount'],
  { timezone, report }: Around,
): LimitRule {
  if (raw.timezone !== undefined && raw.align !== 'calendar') {
    report({ pointer: `${pointer}/timezone`, message: '`timezone` without `align: calendar` changes nothing' });
  }
  const own = zone(raw.timezone, `${pointer}/timezone`, report) ?? timezone;
  const window = limitWindow(raw.window, raw.align, own);
  if ('error' in window) report({ pointer: `${pointer}/window`, message: window.error, ...hinted(window) });
  const max = countable(raw.max instanceof JsonNumber ? raw.max.text : raw.max);
  if (typeof max !== 'string') report({ pointer: `${pointer}/max`, message: `\`max\` ${max.error}` });
  return {
    pointer,
    counter,
    per,
    max: typeof max === 'string' ? max : '0',
    window: 'value' in window ? window.value.window : { kind: 'sliding', ms: 1 },
    windowText: 'value' in window ? window.value.text : '',
    ...(amount === undefined ? {} : { amount: amount as NumericSource }),
    ...(raw.on_deny === undefined ? {} : { onDeny: raw.on_deny }),
  };
}

function hinted(problem: { readonly hint?: string }): { hint?: string } {
  return problem.hint === undefined ? {} : { hint: problem.hint };
}

function scopesOf(
  raw: RawRateLimit,
  otherwise: readonly Scope[],
  pointer: string,
  { report }: Around,
): readonly Scope[] {
  if (raw.per !== undefined && raw.scope !== undefined) {
    report({ pointer: `${pointer}/scope`, message: '`per` and `scope` are the same key', hint: 'write only `per`' });
  }
  const written = raw.per ?? raw.scope;
  if (written === undefined) return otherwise;
  return typeof written === 'string' ? [written] : written;
}

/** One order for every spelling, as the order is part of a bucket's name. */
function ordered(scopes: readonly Scope[]): Scope[] {
  return SCOPES.filter((scope) => scopes.includes(scope));
}

export const approvalDefaults = { expires: '15m', validFor: '10m', hold: '45s' };
const holdMsMax = 55_000;

function approvalRule(raw: RawApproval | undefined, entry: string, { report }: Around): ApprovalRule {
  const pointer = raw === undefined ? `${entry}/action` : `${entry}/approval`;
  const duration = (written: JsonNumber | string | undefined, otherwise: string, name: string): number => {
    const read = durationMs(written ?? otherwise);
    if ('value' in read) return read.value;
    report({ pointer: `${pointer}/${name}`, message: `\`${name}\` ${read.error}` });
    return 1;
  };
  const none = raw?.hold instanceof JsonNumber && Number(raw.hold.text) === 0;
  const holdMs = none ? 0 : duration(raw?.hold, approvalDefaults.hold, 'hold');
  if (holdMs > holdMsMax) report({ pointer: `${pointer}/hold`, message: '`hold` is longer than 55 s' });
  const quorum = raw?.quorum === undefined ? 1 : Number(raw.quorum.text);
  if (quorum < 1 || quorum > 100) report({ pointer: `${pointer}/quorum`, message: '`quorum` must be 1 to 100' });
  return {
    pointer,
    ...(raw?.if === undefined ? {} : { if: conditions(raw.if, `${pointer}/if`) }),
    approvers: raw?.approvers ?? [],
    quorum,
    expiresMs: duration(raw?.expires, approvalDefaults.expires, 'expires'),
    validForMs: duration(raw?.valid_for, approvalDefaults.validFor, 'valid_for'),
    holdMs,
  };
}

function inspectRule(raw: RawInspect, pointer: string): InspectRule {
  const redact = (raw.redact ?? []).map((item, i): RedactRule => {
    const at = `${pointer}/redact/${i}`;
    if ('path' in item) return { pointer: at, path: item.path };
    if (typeof item.pattern === 'string') return { pointer: at, pattern: item.pattern };
    return { pointer: at, regex: item.pattern.regex };
  });
  return {
    pointer,
    redact,
    strip: raw.strip ?? [],
    ...(raw.max_bytes === undefined ? {} : { maxBytes: Number(raw.max_bytes.text) }),
    denyIf: rules(raw.deny_if, `${pointer}/deny_if`),
  };
}
