/** `redact`: by path or by pattern. What is redacted reads `[redacted]`, wherever in the result it stands again. */
import type { Redaction, ResultStep } from '../../domain/inspection.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, jsonText } from '../../domain/json.ts';
import { isCardNumber } from './cards.ts';
import { insideJson, type Looks } from './inside-json.ts';
import { mapStrings } from './map-strings.ts';
import { findPattern, isTellingName } from './patterns.ts';
import { Repeated, repeatedLengthMin } from './repeated.ts';

const redacted = '[redacted]';

export type Redacted = { readonly value: JsonValue } | { readonly reason: string };

export function redact(result: JsonValue, redaction: Redaction): Redacted {
  switch (redaction.kind) {
    case 'path':
      return redactPath(result, redaction.steps);
    case 'pattern':
      return { value: redactPattern(result, redaction.pattern) };
    case 'regex':
      return redactRegex(result, redaction);
    default:
      return redaction satisfies never;
  }
}

function redactPattern(result: JsonValue, pattern: (Redaction & { kind: 'pattern' })['pattern']): JsonValue {
  const looks: Looks = {
    change: (text) => findPattern(pattern, text, redacted),
    hides: pattern === 'cards' ? isCardNumber : undefined,
    named: pattern === 'secrets' ? (name, text) => (isTellingName(name, text) ? redacted : undefined) : undefined,
  };
  const change = (text: string): string => looks.change(insideJson(text, looks));
  return mapStrings(result, change, looks.hides, looks.named);
}

/** As a search of one string has its bound, so have those of one result together: about three seconds. */
const resultCostMax = 100_000_000;

function redactRegex(result: JsonValue, redaction: Redaction & { kind: 'regex' }): Redacted {
  let dear = false;
  let cost = 0;
  const change = (text: string): string => {
    cost += redaction.size * text.length;
    // What is too dear is withheld: there is no use in searching the rest of it.
    if (dear || cost > resultCostMax) dear = true;
    if (dear) return redacted;
    const replaced = redaction.replaceAll(text, redacted);
    dear ||= replaced === undefined;
    return replaced ?? redacted;
  };
  // What a server writes as a number stands as digits in the text that repeats it.
  const looks: Looks = { change, hides: (number) => change(number) !== number };
  const value = mapStrings(result, (text) => change(text.includes('\\') ? insideJson(text, looks) : text), looks.hides);
  return dear ? { reason: 'the result is too long for a pattern that must be redacted' } : { value };
}

function redactPath(result: JsonValue, steps: readonly ResultStep[]): Redacted {
  const taken: Taken = { texts: [], elsewhere: false };
  const value = replaceAt(result, steps, 0, taken);
  // What is to be hidden may stand anywhere in a result that is built in another way.
  if (taken.elsewhere) return { reason: 'the result has another form than a path that must be redacted' };
  if (taken.texts.length === 0) return { value };
  // Servers repeat structured content as text, so the value is taken out of every other string too.
  const repeated = new Repeated(taken.texts);
  let dear = false;
  const plain = (text: string): string => {
    const replaced = repeated.replaceIn(text, redacted);
    dear ||= replaced === undefined;
    return replaced ?? redacted;
  };
  const numbers = new Set(taken.texts.filter((text) => text.length >= repeatedLengthMin && /^-?[0-9]/.test(text)));
  const hides = numbers.size === 0 ? undefined : (number: string): boolean => numbers.has(number);
  const looks: Looks = { change: plain, hides };
  const left = mapStrings(withTwin(result, value), (text) => plain(insideJson(text, looks)));
  return dear ? { reason: 'the result is too long for what must be redacted in it' } : { value: left };
}

interface Taken {
  readonly texts: string[];
  /** The path led into a value that has no such parts. */
  elsewhere: boolean;
}

function replaceAt(value: JsonValue, steps: readonly ResultStep[], from: number, taken: Taken): JsonValue {
  const step = steps[from];
  if (step === undefined) {
    gatherStrings(value, taken.texts);
    return redacted;
  }
  // As in conditions: a step into null is missing, one into a value of another kind cannot be judged. What another
  // redaction took is gone.
  if (value === null || value === redacted) return value;
  if (step.kind === 'member') {
    if (!isJsonObject(value)) {
      taken.elsewhere = true;
      return value;
    }
    if (!Object.hasOwn(value, step.name)) return value;
    return { ...value, [step.name]: replaceAt(value[step.name] as JsonValue, steps, from + 1, taken) };
  }
  if (!isJsonArray(value)) {
    taken.elsewhere = true;
    return value;
  }
  return value.map((element, i) =>
    step.kind === 'every' || step.index === i ? replaceAt(element, steps, from + 1, taken) : element,
  );
}

function gatherStrings(value: JsonValue, taken: string[]): void {
  if (isJsonArray(value)) for (const element of value) gatherStrings(element, taken);
  else if (isJsonObject(value)) for (const member of Object.values(value)) gatherStrings(member, taken);
  // `true`, `false` and `null` tell nothing where they stand elsewhere.
  else if (value !== null && typeof value !== 'boolean') {
    const text = typeof value === 'string' ? value : jsonText(value);
    taken.push(text);
    // As it stands inside a JSON text.
    const escaped = JSON.stringify(text).slice(1, -1);
    for (const more of new Set([escaped, asPython(escaped), asGo(escaped)])) if (more !== text) taken.push(more);
  }
}

/** Python's json writes ASCII only, unless it is told otherwise. */
function asPython(escaped: string): string {
  return escaped.replace(/[^ -~]/g, unicodeEscape);
}

/** Go's writes what HTML could misread as escapes. */
function asGo(escaped: string): string {
  return escaped.replace(/[<>&\u2028\u2029]/g, unicodeEscape);
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A text block that is the structured content as JSON is written again from what is left of it. */
function withTwin(before: JsonValue, after: JsonValue): JsonValue {
  if (!isJsonObject(before) || !isJsonObject(after)) return after;
  const structured = before['structuredContent'];
  const blocks = after['content'];
  if (structured === undefined || !isJsonArray(blocks) || structured === after['structuredContent']) return after;
  const wanted = compact(jsonText(structured));
  const content = blocks.map((block) => {
    const text = isJsonObject(block) ? block['text'] : undefined;
    if (typeof text !== 'string' || compact(text) !== wanted) return block;
    return { ...(block as JsonObject), text: jsonText(after['structuredContent'] ?? null) };
  });
  return { ...after, content };
}

/** The same JSON text whatever its white space. */
function compact(text: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return undefined;
  }
}
