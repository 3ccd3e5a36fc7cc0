/**
 * What comes back, before the client sees it: withheld where it is too large or a rule says so, else stripped and
 * redacted. Pure; a streamed reply is given whole, before its last message goes out.
 */
import type { InspectRules } from '../../domain/inspection.ts';
import { isJsonObject, type JsonObject, type JsonValue, jsonText } from '../../domain/json.ts';
import { insideJson } from './inside-json.ts';
import { mapStrings } from './map-strings.ts';
import { redact } from './redact.ts';
import { stripper } from './strip.ts';

export type Inspected =
  | {
      readonly kind: 'pass';
      readonly result: JsonObject /** What rules in shadow would have withheld. */;
      readonly shadow?: string;
    }
  | { readonly kind: 'withheld'; readonly rule: string; readonly reason: string };

export interface InspectSetting {
  /** Whether structured content fits the tool's outputSchema; absent where the tool has none. */
  readonly fitsOutput?: (structured: JsonValue) => boolean;
}

/** `result`: the `result` of the server's answer. */
export function inspectResult(
  rules: readonly InspectRules[],
  result: JsonObject,
  setting: InspectSetting = {},
): Inspected {
  if (rules.length === 0) return { kind: 'pass', result };
  const size = Buffer.byteLength(jsonText(result));
  let watched: string | undefined;
  for (const one of rules) {
    const reason = withheldBecause(one, result, size);
    if (reason === undefined) continue;
    if (!one.shadow) return { kind: 'withheld', rule: one.rule, reason };
    watched ??= reason;
  }
  const enforced = rules.filter((one) => !one.shadow);
  const changed = clean(enforced, result);
  if ('reason' in changed) return { kind: 'withheld', ...changed };
  const broken = outputBroken(result, changed.result, setting);
  if (broken) {
    const rule = enforced.find((one) => one.redact.length > 0)?.rule ?? '';
    return { kind: 'withheld', rule, reason: 'what must be redacted is needed by the tool’s output schema' };
  }
  return { kind: 'pass', result: changed.result, ...(watched === undefined ? {} : { shadow: watched }) };
}

/** The same rules for what is no result: only what looks at every string is left of them, and the size. */
export function withoutPaths(rules: InspectRules): InspectRules {
  return { ...rules, redact: rules.redact.filter(({ kind }) => kind !== 'path'), denies: () => undefined };
}

function withheldBecause(rules: InspectRules, result: JsonObject, size: number): string | undefined {
  const { maxBytes } = rules;
  if (maxBytes !== undefined && size > maxBytes) return `the result has ${size} bytes, and ${maxBytes} are allowed`;
  return rules.denies(result);
}

type Cleaned = { readonly result: JsonObject } | { readonly rule: string; readonly reason: string };

/** Strips first, so that an invisible character cannot split what must be found. */
function clean(rules: readonly InspectRules[], result: JsonObject): Cleaned {
  const strip = stripper(rules.flatMap((one) => one.strip));
  const stripped =
    strip === undefined ? result : mapStrings(result, (text) => strip(insideJson(text, { change: strip })));
  let current = stripped;
  for (const one of rules) {
    for (const redaction of one.redact) {
      const redacted = redact(current, redaction);
      if ('reason' in redacted) return { rule: one.rule, reason: redacted.reason };
      current = redacted.value;
    }
  }
  return isJsonObject(current)
    ? { result: current }
    : { rule: rules[0]?.rule ?? '', reason: 'the whole result is redacted' };
}

function outputBroken(before: JsonObject, after: JsonObject, { fitsOutput }: InspectSetting): boolean {
  const structured = after['structuredContent'];
  if (fitsOutput === undefined || structured === undefined || structured === before['structuredContent']) return false;
  return !fitsOutput(structured);
}
