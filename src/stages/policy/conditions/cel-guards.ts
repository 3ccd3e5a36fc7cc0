/**
 * What the CEL library gets wrong without saying so, held against the reference implementation: integers beyond 64 bits,
 * numbers that are infinite, dates that do not exist, keys that are no text. The parsed expression is rewritten so that
 * such values pass through functions of ours, which throw: an error refuses, a wrong value decides. What cannot be put
 * right like that is refused at load.
 */
import type { ASTNode, Environment } from '@marcbachmann/cel-js';

type Problem = { readonly error: string; readonly hint?: string };

const quotient = 'quotient';
const sound = 'sound';
const keyOf = 'keyOf';
const listOf = 'listOf';
const pick = 'pick';
const readable = 'readable';
/** The library's own use all of Unicode, or count halves of characters. */
const asciiOnly: ReadonlyMap<string, string> = new Map([
  ['lowerAscii', 'asciiLower'],
  ['upperAscii', 'asciiUpper'],
]);

/** Functions that expressions are rewritten to, and that nobody may write. */
export const guardNames: readonly string[] = [quotient, sound, keyOf, listOf, pick, readable, ...asciiOnly.values()];

/** Types are kept where they can be, for the check against a schema; a division is of any type, as that of an argument is. */
export function registerGuards(environment: Environment): void {
  for (const [op, apply] of Object.entries(arithmetic)) {
    const both = (a: number | bigint, b: number | bigint): number => apply(Number(a), Number(b));
    environment.registerOperator(`double ${op} int`, both);
    environment.registerOperator(`int ${op} double: double`, both);
  }
  environment.registerOperator('double % double', remainder);
  environment.registerFunction(`${quotient}(dyn, dyn): dyn`, divided);
  environment.registerFunction(`${sound}(A): A`, soundValue);
  environment.registerFunction(`${keyOf}(A, dyn): A`, checkedKey);
  environment.registerFunction(`${listOf}(A): A`, checkedList);
  environment.registerFunction(`${pick}(dyn, dyn): dyn`, picked);
  environment.registerFunction(`${readable}(A, string): A`, readableValue);
  environment.registerFunction('string.asciiLower(): string', (text: string) =>
    text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  );
  environment.registerFunction('string.asciiUpper(): string', (text: string) =>
    text.replace(/[a-z]/g, (letter) => letter.toUpperCase()),
  );
}

/** Why a node cannot be let through, whatever the call. */
export function unsoundNode(node: ASTNode): Problem | undefined {
  if (node.op === 'map') return unsoundKeys(node.args.map(([key]) => key));
  if (node.op !== 'rcall') return undefined;
  const [name, , parameters] = node.args;
  if (name === 'getMilliseconds' || name === 'getDayOfYear') {
    return { error: `\`${name}\` is not allowed in an expression`, hint: 'compare timestamps or durations' };
  }
  // The library reads a zone's clock by way of the machine's own.
  if (name.startsWith('get') && parameters.length > 0) {
    return { error: `\`${name}\` takes no time zone here`, hint: `write \`${name}()\`, which is in UTC` };
  }
  if ((name === 'indexOf' || name === 'lastIndexOf') && parameters.length > 1) {
    return { error: `\`${name}\` takes no place to begin at here` };
  }
  return undefined;
}

function unsoundKeys(keys: readonly ASTNode[]): Problem | undefined {
  const known = new Set<string>();
  for (const key of keys) {
    const text: unknown = key.op === 'value' ? key.args : undefined;
    if (typeof text !== 'string') return { error: 'a key of a map must be a text, written as a literal' };
    if (lostKeys.includes(text)) return { error: `\`${text}\` cannot be a key of a map` };
    if (known.has(text)) return { error: `a map has the key \`${text}\` twice` };
    known.add(text);
  }
  return undefined;
}

/** The library leaves these out of a map. */
const lostKeys: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/** Rewrites what is below and including this node. Whether anything was. */
export function guard(node: ASTNode): boolean {
  // All are visited: no short circuit.
  const inside = children(node).map(guard).includes(true);
  return guardOne(node) || inside;
}

function guardOne(node: ASTNode): boolean {
  switch (node.op) {
    case '/':
      return become(node, call(quotient, ...node.args));
    case '+':
    case '-':
    case '*':
    case '-_':
      return become(node, call(sound, same(node)));
    case '[]': {
      const [container, key] = node.args;
      if (isText(key)) return false;
      if (key.op !== 'value') return become(node, call(pick, container, key));
      return become(node, { op: '[]', args: [call(listOf, container), key] } as ASTNode);
    }
    case 'in': {
      const [key, container] = node.args;
      const sure = isText(key) || container.op === 'list';
      return !sure && become(node, { op: 'in', args: membership(key, container) } as ASTNode);
    }
    case 'call': {
      const [name, [only]] = node.args;
      if (!readers.has(name) || only === undefined) return false;
      return become(node, call(sound, call(name, call(readable, only, text(name)))));
    }
    case 'rcall': {
      const [name, receiver, parameters] = node.args;
      const other = asciiOnly.get(name);
      if (other !== undefined) return become(node, { op: 'rcall', args: [other, receiver, parameters] } as ASTNode);
      if (!readers.has(name)) return false;
      const guarded = [name, call(readable, receiver, text(name)), parameters];
      return become(node, { op: 'rcall', args: guarded } as ASTNode);
    }
    default:
      return false;
  }
}

/** Key and container of an `in`. Only a path is written twice: what is nested must not grow with every level. */
function membership(key: ASTNode, container: ASTNode): [ASTNode, ASTNode] {
  if (container.op === 'map') {
    const keys = container.args.map(([written]) => written);
    const anyMap = { op: 'map', args: [] } as unknown as ASTNode;
    return [call(keyOf, key, anyMap), { op: 'list', args: keys } as ASTNode];
  }
  return isPath(container) ? [call(keyOf, key, container), container] : [key, call(listOf, container)];
}

function isPath(node: ASTNode): boolean {
  return node.op === 'id' || ((node.op === '.' || (node.op === '[]' && isText(node.args[1]))) && isPath(node.args[0]));
}

function become(node: ASTNode, other: ASTNode): true {
  Object.assign(node, { op: other.op, args: other.args });
  return true;
}

function same(node: ASTNode): ASTNode {
  return { op: node.op, args: node.args } as ASTNode;
}

function call(name: string, ...parameters: readonly ASTNode[]): ASTNode {
  return { op: 'call', args: [name, parameters] } as unknown as ASTNode;
}

function text(value: string): ASTNode {
  return { op: 'value', args: value } as ASTNode;
}

function isText(node: ASTNode): boolean {
  return node.op === 'value' && typeof node.args === 'string';
}

export function children(node: ASTNode): ASTNode[] {
  const found: ASTNode[] = [];
  const gather = (part: unknown): void => {
    if (Array.isArray(part)) for (const member of part as unknown[]) gather(member);
    else if (isNode(part)) found.push(part);
  };
  gather(node.args);
  return found;
}

function isNode(part: unknown): part is ASTNode {
  return typeof part === 'object' && part !== null && 'op' in part && 'args' in part;
}

/** JSON has one kind of number; literals without a point are integers in CEL. */
const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': ratio,
  '%': remainder,
};

/** As doubles these would be infinite or NaN, which compares as false: a rule that forbids would not hold. */
function ratio(a: number, b: number): number {
  if (b === 0) throw new Error('division by zero');
  return a / b;
}

function remainder(a: number, b: number): number {
  if (b === 0) throw new Error('modulo by zero');
  return a % b;
}

function divided(a: unknown, b: unknown): unknown {
  if (typeof a === 'bigint' && typeof b === 'bigint') {
    if (b === 0n) throw new Error('division by zero');
    return soundValue(a / b);
  }
  if ((typeof a !== 'number' && typeof a !== 'bigint') || (typeof b !== 'number' && typeof b !== 'bigint')) {
    throw new Error('no such overload: only numbers can be divided');
  }
  return soundValue(ratio(Number(a), Number(b)));
}

const INT_END = 2n ** 63n;
/** Some 10,000 years, as in the protocol that the types are from. */
const SPAN_SECONDS_MAX = 315_576_000_000n;
const TIME_MS_MIN = Date.parse('0001-01-01T00:00:00Z');
const TIME_MS_MAX = Date.parse('9999-12-31T23:59:59.999Z');

/** What the library computed, where it can be told exactly; a duration with its parts as the library adds them. */
function soundValue(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error('a number is too large');
  if (typeof value === 'bigint' && (value >= INT_END || value < -INT_END)) throw new Error('an integer is too large');
  if (value instanceof Date) {
    const ms = value.getTime();
    // No number at all fails too.
    if (!(ms >= TIME_MS_MIN && ms <= TIME_MS_MAX)) throw new Error('a timestamp is out of range');
  }
  return isSpan(value) ? soundSpan(value) : value;
}

/** The library's own type, which it does not give away. */
type Span = { readonly seconds: bigint; readonly nanos: number };

function isSpan(value: unknown): value is Span {
  return typeof value === 'object' && value !== null && 'getSeconds' in value && 'nanos' in value;
}

/**
 * A difference of timestamps is off by some nanoseconds, and a negative fraction of a second is added up wrongly: whole
 * milliseconds, counted upwards from whole seconds, are what the library is right about.
 */
function soundSpan({ seconds, nanos, constructor }: Span): unknown {
  const ms = seconds * 1000n + BigInt(Math.round(nanos / 1_000_000));
  const rest = ((ms % 1000n) + 1000n) % 1000n;
  const whole = (ms - rest) / 1000n;
  if (whole > SPAN_SECONDS_MAX || whole < -SPAN_SECONDS_MAX) throw new Error('a duration is out of range');
  return Reflect.construct(constructor, [whole, Number(rest) * 1_000_000]);
}

/** A number or a list would be taken for the text that it prints as. */
function checkedKey(key: unknown, container: unknown): unknown {
  const isMap = typeof container === 'object' && container !== null && !Array.isArray(container);
  if (isMap && typeof key !== 'string') throw new Error('no such overload: a key of a map is a text');
  return key;
}

function checkedList(container: unknown): unknown {
  if (!Array.isArray(container)) throw new Error('no such overload: not a list');
  return container as unknown;
}

function picked(container: unknown, key: unknown): unknown {
  if (Array.isArray(container)) {
    const index = typeof key === 'bigint' ? Number(key) : key;
    const known = typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < container.length;
    if (!known) throw new Error('no such element of a list');
    return container[index];
  }
  checkedKey(key, container);
  const isMap = typeof container === 'object' && container !== null && typeof key === 'string';
  if (!isMap || !Object.hasOwn(container, key)) throw new Error('no such key');
  return (container as Readonly<Record<string, unknown>>)[key];
}

/** By the function that is about to read it: what it would take for something else. */
const readers: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  [
    'int',
    (value: unknown) =>
      typeof value === 'string' ? /^[+-]?[0-9]+$/.test(value) : typeof value !== 'number' || isInt(value),
  ],
  [
    'double',
    (value: unknown) =>
      typeof value !== 'string' || /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(value),
  ],
  ['timestamp', (value: unknown) => typeof value !== 'string' || isTimestamp(value)],
  ['duration', (value: unknown) => typeof value !== 'string' || isDuration(value)],
  ['substring', hasWholeCharacters],
  ['indexOf', hasWholeCharacters],
  ['lastIndexOf', hasWholeCharacters],
  ['split', hasWholeCharacters],
  ['getHours', hasWholeParts],
  ['getMinutes', hasWholeParts],
  ['getSeconds', hasWholeParts],
]);

function readableValue(value: unknown, reader: unknown): unknown {
  const name = String(reader);
  if (readers.get(name)?.(value) !== true) throw new Error(`\`${name}\` cannot read it exactly`);
  return value;
}

/** The lowest is left out: doubles just below it are rounded to it. */
function isInt(value: number): boolean {
  return value > -(2 ** 63) && value < 2 ** 63;
}

const timestampForm =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?(?:Z|[+-]([0-9]{2}):([0-9]{2}))$/;

/** RFC 3339, a day that exists, and nothing finer than the milliseconds that are kept. */
function isTimestamp(value: string): boolean {
  const parts = timestampForm.exec(value);
  if (parts === null) return false;
  const [year, month, day, hour, minute, second, fraction, zoneHour, zoneMinute] = parts
    .slice(1)
    .map((part: string | undefined) => Number(part ?? 0)) as [number, number, ...number[]];
  const days = new Date(0);
  days.setUTCFullYear(year, month, 0);
  const exists = month >= 1 && month <= 12 && (day ?? 0) >= 1 && (day ?? 0) <= days.getUTCDate();
  const [h = 0, m = 0, s = 0, zh = 0, zm = 0] = [hour, minute, second, zoneHour, zoneMinute];
  const fine = fraction === 0 || /^[0-9]{1,3}0*$/.test(parts[7] ?? '');
  return exists && h <= 23 && m <= 59 && s <= 59 && zh <= 23 && zm <= 59 && fine;
}

const durationForm = /^[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:h|ms|m|s))+$/;
const durationTerm = /([0-9]*)\.?([0-9]*)(h|ms|m|s)/g;
const unitMs: Readonly<Record<string, bigint>> = { h: 3_600_000n, m: 60_000n, s: 1_000n, ms: 1n };
const durationLengthMax = 64;

/** Go's form, in whole milliseconds. */
function isDuration(value: string): boolean {
  if (value.length > durationLengthMax || !durationForm.test(value)) return false;
  return [...value.matchAll(durationTerm)].every(([, whole = '', fraction = '', unit = '']) => {
    const total = BigInt(whole + fraction) * (unitMs[unit] ?? 0n);
    return total % 10n ** BigInt(fraction.length) === 0n;
  });
}

/** The library counts halves of the characters beyond U+FFFF. */
function hasWholeCharacters(value: unknown): boolean {
  return typeof value !== 'string' || !/[\ud800-\udfff]/.test(value);
}

/** Parts are counted towards zero, which the parts of a negative fraction of a second are not. */
function hasWholeParts(value: unknown): boolean {
  return !isSpan(value) || value.seconds >= 0n || value.nanos === 0;
}
