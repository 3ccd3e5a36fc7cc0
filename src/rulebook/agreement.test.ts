/**
 * A second decision procedure, slow and obvious, written from the language's page alone: it works on the document as
 * written and shares no code with the compiled one. Both must decide every generated pair alike.
 */
import { describe, expect, it } from 'vitest';
import { JsonNumber, type JsonObject, type JsonValue, toJson } from '../domain/json.ts';
import type { CallFacts } from '../domain/policy.ts';
import { decide } from '../stages/policy/decide.ts';
import { loadPolicy } from './load.ts';

type Truth = 'T' | 'F' | 'M' | 'E';
// oxlint-disable-next-line typescript/no-explicit-any -- documents as written have no type here
type Raw = Record<string, any>;

// ---- the slow procedure ------------------------------------------------------------------------------------------

function slowDecide(doc: Raw, call: CallFacts): { verdict: string; rule: string; limits: string[] } {
  const findings: { rank: number; rule: string }[] = [];
  const limits: string[] = [];
  const block: Raw | undefined = doc['servers']?.[call.server];
  const levels: [string, Raw][] = [];
  if (block !== undefined) levels.push([`/servers/${call.server}`, block]);
  levels.push(['', doc]);

  let hidden: string | undefined;
  for (const [at, level] of levels) {
    (level['hide'] ?? []).forEach((pattern: string, i: number) => {
      if (hidden === undefined && glob(pattern, call.tool)) hidden = `${at}/hide/${i}`;
    });
  }
  if (hidden !== undefined) findings.push({ rank: 3, rule: hidden });

  const exact: [string, Raw][] = [];
  const globs: [string, Raw][] = [];
  const grouped: [string, Raw][] = [];
  const all: [string, Raw][] = [];
  let listed = false;
  for (const [at, level] of levels) {
    for (const name of Object.keys(level['tools'] ?? {}).sort()) {
      const isGlob = /[*?]/.test(name);
      if (!isGlob && name === call.tool) exact.push([`${at}/tools/${name}`, level['tools'][name]]);
      if (isGlob && glob(name, call.tool)) globs.push([`${at}/tools/${name}`, level['tools'][name]]);
    }
    const known = call.category !== undefined && call.severity !== undefined;
    for (const group of ['financial', 'destructive', 'execute', 'write', 'read', 'low', 'medium', 'high', 'critical']) {
      const entry = level['categories']?.[group];
      if (entry === undefined) continue;
      if (known && group !== call.category && group !== call.severity) continue;
      grouped.push([`${at}/categories/${group}`, entry]);
      if (known && call.reviewed === true && entry.action === 'allow') listed = true;
    }
    if (level['all_tools'] !== undefined) all.push([`${at}/all_tools`, level['all_tools']]);
  }
  listed ||= exact.length > 0 || globs.length > 0;
  for (const [at, entry] of [...exact, ...globs, ...grouped, ...all]) slowEntry(at, entry, call, findings, limits);
  if (!listed) {
    const at = block?.['default'] === undefined ? '' : `/servers/${call.server}`;
    if ((block?.['default'] ?? doc['default']) === 'deny') findings.push({ rank: 2, rule: `${at}/default` });
  }
  const worst = Math.max(0, ...findings.map((f) => f.rank));
  const verdict = ['permit', 'ask', 'refuse', 'hidden'][worst] as string;
  const rule = findings.find((f) => f.rank === worst)?.rule ?? '';
  return { verdict, rule, limits: worst > 1 ? [] : limits };
}

function slowEntry(
  at: string,
  entry: Raw,
  call: CallFacts,
  findings: { rank: number; rule: string }[],
  limits: string[],
) {
  if (entry['action'] === 'deny') findings.push({ rank: 2, rule: `${at}/action` });
  (entry['deny_if'] ?? []).forEach((rule: Raw, i: number) => {
    const truth = every(rule['conditions'].map((c: Raw) => slowCondition(c, call, 'some')));
    if (truth === 'T' || truth === 'E') findings.push({ rank: 2, rule: `${at}/deny_if/${i}` });
  });
  (entry['require'] ?? []).forEach((rule: Raw, i: number) => {
    const truth = every(rule['conditions'].map((c: Raw) => slowCondition(c, call, 'every')));
    if (truth !== 'T') findings.push({ rank: 2, rule: `${at}/require/${i}` });
  });
  if (entry['action'] === 'require_approval') {
    const conditions = entry['approval']?.if;
    const truth = conditions === undefined ? 'T' : every(conditions.map((c: Raw) => slowCondition(c, call, 'some')));
    const rule = entry['approval'] === undefined ? `${at}/action` : `${at}/approval`;
    if (truth === 'E') findings.push({ rank: 2, rule });
    else if (truth !== 'F') findings.push({ rank: 1, rule });
  }
  (entry['limits'] ?? []).forEach((limit: Raw, i: number) => {
    const amount = limit['amount'] === undefined ? '1' : fraction(readOne(limit['amount'], call));
    const bad =
      amount === undefined || (typeof amount !== 'string' && (amount[0] < 0n || 10n ** 18n % amount[1] !== 0n));
    if (bad) findings.push({ rank: 2, rule: `${at}/limits/${i}` });
    else limits.push(`${at}/limits/${i}`);
  });
}

function every(truths: Truth[]): Truth {
  return truths.includes('E') ? 'E' : truths.includes('F') ? 'F' : truths.includes('M') ? 'M' : 'T';
}

function some(truths: Truth[]): Truth {
  return truths.includes('E') ? 'E' : truths.includes('T') ? 'T' : truths.includes('F') ? 'F' : 'M';
}

function slowCondition(c: Raw, call: CallFacts, reading: 'every' | 'some'): Truth {
  if (c['all'] !== undefined) return every(c['all'].map((m: Raw) => slowCondition(m, call, reading)));
  if (c['any'] !== undefined) return some(c['any'].map((m: Raw) => slowCondition(m, call, reading)));
  if (c['not'] !== undefined) {
    const inner = slowCondition(c['not'], call, reading === 'every' ? 'some' : 'every');
    return inner === 'T' ? 'F' : inner === 'F' ? 'T' : inner;
  }
  const positions = readAll(c['path'], call);
  if (positions === 'error') return 'E';
  const truths = positions.map((seen): Truth => {
    const answer = slowTest(c['op'], seen, c['value'] === undefined ? undefined : toJson(c['value']));
    return answer === undefined ? 'E' : answer === 'missing' ? 'M' : answer ? 'T' : 'F';
  });
  return reading === 'every' ? every(truths) : some(truths);
}

/** All values at a path; undefined stands for a missing one. */
function readAll(path: string, call: CallFacts): (JsonValue | undefined)[] | 'error' {
  const parts = path
    .replaceAll('[*]', '.[*]')
    .replace(/\[(\d+)\]/g, '.[$1]')
    .split('.');
  const facts: Raw = {
    args: call.arguments,
    caller: { id: call.caller.id, ...(call.caller.agent === undefined ? {} : { agent: call.caller.agent }) },
    tool: { name: call.tool, server: call.server, category: call.category, severity: call.severity },
  };
  let values: (JsonValue | undefined)[] = [facts[parts[0] as string]];
  for (const part of parts.slice(1)) {
    const next: (JsonValue | undefined)[] = [];
    for (const value of values) {
      if (value === undefined || value === null) next.push(undefined);
      else if (part.startsWith('[')) {
        if (!Array.isArray(value)) return 'error';
        if (part !== '[*]') next.push(value[Number(part.slice(1, -1))]);
        else next.push(...(value.length === 0 ? [undefined] : (value as JsonValue[])));
      } else {
        if (typeof value !== 'object' || Array.isArray(value) || value instanceof JsonNumber) return 'error';
        next.push(Object.hasOwn(value, part) ? (value as JsonObject)[part] : undefined);
      }
    }
    values = next;
  }
  const unknown =
    parts[0] === 'tool' && ['category', 'severity'].includes(parts[1] as string) && values[0] === undefined;
  return unknown ? 'error' : values;
}

function readOne(path: string, call: CallFacts): JsonValue | undefined {
  const values = readAll(path, call);
  return values === 'error' ? undefined : values[0];
}

/** true, false, 'missing', or undefined for an error. */
function slowTest(
  op: string,
  seen: JsonValue | undefined,
  value: JsonValue | undefined,
): boolean | 'missing' | undefined {
  if (op === 'exists') return (seen !== undefined) === (value ?? true);
  if (seen === undefined) return 'missing';
  switch (op) {
    case 'eq':
    case 'neq': {
      const same = slowEqual(seen, value as JsonValue);
      return same === undefined ? undefined : same === (op === 'eq');
    }
    case 'in':
    case 'not_in': {
      const list = value as JsonValue[];
      const answers = list.map((member) => slowEqual(seen, member));
      const comparable =
        seen === null ||
        list.every((m) => m === null) ||
        list.some((m) => m !== null && typeName(m) === typeName(seen));
      return comparable ? answers.includes(true) === (op === 'in') : undefined;
    }
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte': {
      const a = fraction(seen);
      const b = fraction(value);
      if (a === undefined || b === undefined) return undefined;
      const difference = a[0] * b[1] - b[0] * a[1];
      return op === 'lt'
        ? difference < 0n
        : op === 'lte'
          ? difference <= 0n
          : op === 'gt'
            ? difference > 0n
            : difference >= 0n;
    }
    case 'contains':
      if (Array.isArray(seen))
        return seen.some((element) => slowEqual(element as JsonValue, value as JsonValue) === true);
      return typeof seen === 'string' && typeof value === 'string' ? seen.split(value).length > 1 : undefined;
    case 'starts_with':
      return typeof seen === 'string' ? seen.slice(0, (value as string).length) === value : undefined;
    case 'ends_with':
      return typeof seen === 'string'
        ? seen.length >= (value as string).length && seen.slice(seen.length - (value as string).length) === value
        : undefined;
    case 'length_lte':
    case 'length_gt': {
      const length = typeof seen === 'string' ? Array.from(seen).length : Array.isArray(seen) ? seen.length : undefined;
      return length === undefined ? undefined : length <= Number((value as JsonNumber).text) === (op === 'length_lte');
    }
    case 'matches_glob':
      if (typeof seen !== 'string' || seen.split(/[/\\]/).includes('..')) return undefined;
      return glob(value as string, seen);
    default:
      throw new Error(op);
  }
}

function typeName(value: JsonValue): string {
  return value === null
    ? 'null'
    : Array.isArray(value)
      ? 'list'
      : value instanceof JsonNumber
        ? 'number'
        : typeof value;
}

/** undefined: not comparable. */
function slowEqual(a: JsonValue, b: JsonValue): boolean | undefined {
  if (a === null || b === null) return a === b;
  if (typeName(a) !== typeName(b)) return undefined;
  if (a instanceof JsonNumber) {
    const x = fraction(a) as [bigint, bigint];
    const y = fraction(b) as [bigint, bigint];
    return x[0] * y[1] === y[0] * x[1];
  }
  if (Array.isArray(a)) {
    const list = b as JsonValue[];
    return (
      a.length === list.length &&
      a.every((element, i) => slowEqual(element as JsonValue, list[i] as JsonValue) === true)
    );
  }
  if (typeof a === 'object') {
    const [x, y] = [a as JsonObject, b as JsonObject];
    const keys = Object.keys(x).sort();
    if (keys.join('\n') !== Object.keys(y).sort().join('\n')) return false;
    return keys.every((key) => slowEqual(x[key] as JsonValue, y[key] as JsonValue) === true);
  }
  return a === b;
}

/** A decimal as numerator and denominator. */
function fraction(value: JsonValue | undefined): [bigint, bigint] | undefined {
  const text = value instanceof JsonNumber ? value.text : typeof value === 'string' ? value : undefined;
  if (text === undefined || !/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return undefined;
  const [mantissa = '0', exponent = '0'] = text.toLowerCase().split('e');
  const [whole = '0', digits = ''] = mantissa.split('.');
  let numerator = BigInt(whole + digits);
  let denominator = 10n ** BigInt(digits.length);
  for (let i = 0; i < Math.abs(Number(exponent)); i++)
    if (Number(exponent) > 0) numerator *= 10n;
    else denominator *= 10n;
  const divisor = gcd(numerator < 0n ? -numerator : numerator, denominator);
  return [numerator / divisor, denominator / divisor];
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}

function glob(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] === '*') return glob(pattern.slice(1), text) || (text !== '' && glob(pattern, text.slice(1)));
  return text !== '' && (pattern[0] === '?' || pattern[0] === text[0]) && glob(pattern.slice(1), text.slice(1));
}

// ---- the small world they are tried on ---------------------------------------------------------------------------

/** mulberry32: one seed, one run. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

class World {
  readonly #random: () => number;
  constructor(seed: number) {
    this.#random = randomOf(seed);
  }
  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T;
  }
  chance(p: number): boolean {
    return this.#random() < p;
  }
  several<T>(most: number, make: () => T): T[] {
    return Array.from({ length: Math.floor(this.#random() * (most + 1)) }, make);
  }

  readonly numbers = [
    0,
    1,
    2,
    10,
    1.5,
    100,
    -1,
    new JsonNumber('1.0'),
    new JsonNumber('1e1'),
    new JsonNumber('0.1'),
    new JsonNumber('9007199254740993'),
    new JsonNumber('1e-30'),
  ];
  readonly scalars = [
    ...this.numbers,
    'a',
    'ab',
    'B',
    '',
    '1',
    '10',
    '1.50',
    'x/../y',
    'no/x',
    true,
    false,
    null,
    '𝒳y',
  ];
  readonly paths = [
    'args.a',
    'args.b',
    'args.o.x',
    'args.o.y',
    'args.l[0]',
    'args.l[*]',
    'args.l[*].q',
    'args.l',
    'args.toString',
    'caller.agent',
    'tool.name',
    'tool.category',
    'args.a.z',
  ];

  value(depth = 0): unknown {
    if (depth > 1 || this.chance(0.75)) return this.pick(this.scalars);
    if (this.chance(0.5)) return this.several(3, () => this.value(depth + 1));
    return Object.fromEntries(this.several(2, () => [this.pick(['x', 'y', 'q']), this.value(depth + 1)] as const));
  }

  condition(depth = 0): Raw {
    const form = depth > 2 ? 0 : this.pick([0, 0, 0, 0, 1, 2, 3]);
    if (form === 1) return { any: [this.condition(depth + 1), ...this.several(2, () => this.condition(depth + 1))] };
    if (form === 2) return { all: [this.condition(depth + 1), ...this.several(2, () => this.condition(depth + 1))] };
    if (form === 3) return { not: this.condition(depth + 1) };
    const path = this.pick(this.paths);
    const op = this.pick([
      'eq',
      'neq',
      'in',
      'not_in',
      'lt',
      'lte',
      'gt',
      'gte',
      'exists',
      'contains',
      'starts_with',
      'ends_with',
      'length_lte',
      'length_gt',
      'matches_glob',
    ]);
    switch (op) {
      case 'exists':
        return this.chance(0.5) ? { path, op } : { path, op, value: this.chance(0.5) };
      case 'in':
      case 'not_in':
        return { path, op, value: [this.value(), ...this.several(2, () => this.value())] };
      case 'lt':
      case 'lte':
      case 'gt':
      case 'gte':
        return { path, op, value: this.pick([...this.numbers, '10', '1.50']) };
      case 'contains':
        return { path, op, value: this.pick(['a', 'b', 1, null, true]) };
      case 'starts_with':
      case 'ends_with':
        return { path, op, value: this.pick(['a', 'b', 'ab']) };
      case 'length_lte':
      case 'length_gt':
        return { path, op, value: this.pick([0, 1, 2]) };
      case 'matches_glob':
        return { path, op, value: this.pick(['a*', '*b', '?', '*', 'a?']) };
      default:
        return { path, op, value: this.value() };
    }
  }

  conditions(): Raw[] {
    return [this.condition(), ...this.several(1, () => this.condition())];
  }

  entry(): Raw {
    const entry: Raw = {};
    const action = this.pick(['', '', '', 'allow', 'deny', 'require_approval', 'require_approval']);
    if (action !== '') entry['action'] = action;
    if (action === 'require_approval' && this.chance(0.7)) entry['approval'] = { if: this.conditions() };
    if (this.chance(0.5)) entry['deny_if'] = [{ conditions: this.chance(0.05) ? [] : this.conditions() }];
    if (this.chance(0.4)) entry['require'] = [{ conditions: this.conditions() }];
    if (this.chance(0.2))
      entry['limits'] = [
        {
          max: 10,
          window: 'day',
          ...(this.chance(0.5) ? { amount: this.pick(['args.a', 'args.b', 'args.o.x']) } : {}),
        },
      ];
    return entry;
  }

  level(): Raw {
    const level: Raw = {};
    if (this.chance(0.3)) level['hide'] = this.several(2, () => this.pick(['t1', 't2', 't*', '*9', 'x']));
    if (this.chance(0.85)) {
      level['tools'] = Object.fromEntries(
        this.several(3, () => [this.pick(['t1', 't2', 't*', '?1', '*', 'other']), this.entry()] as const),
      );
    }
    if (this.chance(0.25)) {
      level['categories'] = Object.fromEntries(
        this.several(2, () => [this.pick(['financial', 'read', 'critical', 'low']), this.entry()] as const),
      );
    }
    if (this.chance(0.25)) level['all_tools'] = this.entry();
    return level;
  }

  document(): Raw {
    const document: Raw = { version: '1', default: this.pick(['deny', 'deny', 'allow']), ...this.level() };
    if (this.chance(0.25)) {
      document['servers'] = {
        s1: { ...(this.chance(0.5) ? { default: this.pick(['deny', 'allow']) } : {}), ...this.level() },
      };
    }
    return document;
  }

  call(): CallFacts {
    const args: Raw = {};
    for (const name of ['a', 'b', 'o', 'l']) if (this.chance(0.7)) args[name] = this.value();
    if (this.chance(0.5)) args['o'] = { x: this.value(1), ...(this.chance(0.5) ? { y: this.value(1) } : {}) };
    if (this.chance(0.5)) args['l'] = this.several(3, () => (this.chance(0.6) ? { q: this.value(1) } : this.value(1)));
    const known = this.chance(0.5);
    return {
      server: this.pick(['s1', 's2']),
      tool: this.pick(['t1', 't2', 't3', 'x9']),
      arguments: toJson(args) as JsonObject,
      caller: { id: 'c', ...(this.chance(0.6) ? { agent: this.pick(['a', 'ab']) } : {}) },
      session: { id: 's' },
      now: 0,
      ...(known
        ? {
            category: this.pick(['financial', 'read', 'write'] as const),
            severity: this.pick(['low', 'critical'] as const),
            reviewed: this.chance(0.7),
          }
        : {}),
    };
  }
}

const documents = 5_000;
const callsEach = 21;

describe('the compiled policy and the slow one', () => {
  it(`decide ${documents * callsEach} generated pairs alike`, () => {
    const seen: Record<string, number> = { permit: 0, refuse: 0, ask: 0, hidden: 0 };
    for (let d = 0; d < documents; d++) {
      const world = new World(d + 1);
      const document = world.document();
      // Numbers are written by their text, which JSON.stringify would round.
      const exact = writeExact(document);
      const loaded = loadPolicy([{ file: 'p.json', text: exact }]);
      if ('errors' in loaded) throw new Error(`${JSON.stringify(loaded.errors)}\n${exact}`);
      for (let c = 0; c < callsEach; c++) {
        const call = world.call();
        const fast = decide(loaded.policy, call);
        const slow = slowDecide(document, call);
        seen[fast.verdict] = (seen[fast.verdict] ?? 0) + 1;
        const rule = fast.verdict === 'permit' ? '' : fast.rule;
        const limits = fast.limits.map((limit) => limit.rule);
        if (fast.verdict !== slow.verdict || rule !== slow.rule || limits.join() !== slow.limits.join()) {
          expect({ exact, call, verdict: fast.verdict, rule, limits }).toEqual({ exact, call, ...slow });
        }
      }
    }
    // The world is no world where one verdict hardly occurs.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan((documents * callsEach) / 100);
  });
});

function writeExact(value: unknown): string {
  if (value instanceof JsonNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(writeExact).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, member]) => `${JSON.stringify(key)}:${writeExact(member)}`)
    .join(',')}}`;
}
