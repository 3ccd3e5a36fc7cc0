/**
 * Paths such as `args.items[*].qty`: what they may name, and reading them. Own members only. A step into null is missing;
 * a step into a value that cannot have such a member (a name on text, `[*]` on an object) is an error, because a value of
 * another type must never slip past a rule that forbids it.
 */
import { isJsonObject, JsonNumber, type JsonObject, type JsonValue, toJson } from '../../domain/json.ts';
import type { Evaluation } from './evaluation.ts';
import { jsonType } from './values.ts';

type PathStep =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'every' };

export interface Path {
  readonly text: string;
  readonly root: string;
  readonly steps: readonly PathStep[];
  readonly hasEvery: boolean;
  /** The value, undefined where missing. Only for paths without `[*]`. Throws a ReadFault. */
  readonly read: (evaluation: Evaluation) => JsonValue | undefined;
  /** All positions of a path with `[*]`: at least one, undefined where missing. Throws a ReadFault. */
  readonly readEvery: (evaluation: Evaluation) => readonly (JsonValue | undefined)[];
}

/** The path leads into a value that has no such parts, or reads what is not known. The message is a sentence without subject. */
export class ReadFault extends Error {}

/** In a replay: the record does not hold the value. `given`: it is known that there was one. */
export class NotKept extends ReadFault {
  readonly given: boolean;
  constructor(given: boolean) {
    super(notKept);
    this.given = given;
  }
}
export const notKept = 'was not kept in the record';

const elementsMax = 100_000;
const stepsMax = 32;

/** What a path may start with, and what that has. */
export const pathRoots: Readonly<Record<string, readonly string[] | 'free'>> = {
  args: 'free',
  tool: ['name', 'server', 'category', 'severity'],
  caller: ['id', 'agent', 'groups'],
  session: ['id', 'labels', 'calls'],
  time: ['hour', 'weekday', 'date'],
  result: 'free',
};

type PathError = { readonly error: string; readonly hint?: string };

/** The same few paths stand in every entry of a large policy. */
const known = new Map<string, Path | PathError>();
const knownMax = 10_000;

/** `inResult`: whether `result.*` may be read here. */
export function parsePath(text: string, inResult: boolean): Path | PathError {
  const key = `${inResult ? 'r' : 'c'} ${text}`;
  let path = known.get(key);
  if (path === undefined) {
    path = readPath(text, inResult);
    if (known.size >= knownMax) known.clear();
    known.set(key, path);
  }
  return path;
}

function readPath(text: string, inResult: boolean): Path | PathError {
  const rootMatch = /^[a-z]+/.exec(text);
  const root = rootMatch?.[0] ?? '';
  if (root === 'facts') return { error: `\`${text}\` reads a fact, which is not supported yet` };
  const members = Object.hasOwn(pathRoots, root) ? pathRoots[root] : undefined;
  if (members === undefined) {
    return {
      error: `\`${text}\` is no path`,
      hint: `a path starts with ${Object.keys(pathRoots)
        .filter((name) => inResult || name !== 'result')
        .map((name) => `\`${name}.\``)
        .join(', ')}`,
    };
  }
  if (root === 'result' && !inResult) return { error: '`result.` can be read in `inspect` only' };
  const steps = parseSteps(text, root.length);
  if ('error' in steps) return steps;
  if (members !== 'free') {
    const [first] = steps;
    const bad = first?.kind !== 'member' || !members.includes(first.name);
    if (bad) return { error: `\`${text}\` is no path`, hint: `\`${root}\` has ${members.join(', ')}` };
  }
  const hasEvery = steps.some((step) => step.kind === 'every');
  const start = rootReader(root);
  const [only] = steps;
  const read =
    root === 'args' && steps.length === 1 && only?.kind === 'member'
      ? memberOfArguments(only.name)
      : (evaluation: Evaluation) => walk(start(evaluation), steps, text);
  return {
    text,
    root,
    steps,
    hasEvery,
    read,
    readEvery: (evaluation) => {
      const found: (JsonValue | undefined)[] = [];
      walkEvery(start(evaluation), steps, 0, text, found);
      return found;
    },
  };
}

function memberOfArguments(name: string): Path['read'] {
  return ({ call }) => (Object.hasOwn(call.arguments, name) ? call.arguments[name] : undefined);
}

function parseSteps(text: string, from: number): PathStep[] | { readonly error: string; readonly hint?: string } {
  const steps: PathStep[] = [];
  const step = /\.([^.[\]"\s]+)|\[(\*|0|[1-9][0-9]{0,8})\]|\[("(?:[^"\\]|\\.)*")\]/y;
  step.lastIndex = from;
  while (step.lastIndex < text.length) {
    const at = step.lastIndex;
    const match = step.exec(text);
    if (match === null) {
      return {
        error: `\`${text}\` is no path: cannot read \`${text.slice(at, at + 20)}\``,
        hint: 'write `args.a.b`, `args.items[0]`, `args.items[*].qty` or `args["a.b"]`',
      };
    }
    const [, name, index, quoted] = match;
    if (name !== undefined) steps.push({ kind: 'member', name });
    else if (index === '*') steps.push({ kind: 'every' });
    else if (index !== undefined) steps.push({ kind: 'index', index: Number(index) });
    else {
      const member = unquote(quoted ?? '');
      if (member === undefined) return { error: `\`${text}\` is no path: a bad string in brackets` };
      steps.push({ kind: 'member', name: member });
    }
    if (steps.length > stepsMax) return { error: `a path may have ${stepsMax} steps` };
  }
  if (steps.filter((s) => s.kind === 'every').length > 4) return { error: 'a path may have `[*]` at most 4 times' };
  return steps;
}

function unquote(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}

function rootReader(root: string): (evaluation: Evaluation) => JsonValue | undefined {
  switch (root) {
    case 'args':
      return ({ call }) => call.arguments;
    case 'tool':
      return toolMembers;
    case 'caller':
      // As it is: in a replay a member may be one that must not be read.
      return ({ call }) => call.caller as unknown as JsonObject;
    case 'session':
      return ({ call }) =>
        object({
          id: call.session.id,
          labels: call.session.labels as JsonValue | undefined,
          calls: call.session.calls === undefined ? undefined : toJson(call.session.calls),
        });
    case 'time':
      return (evaluation) => {
        const time = evaluation.time();
        return object({ hour: new JsonNumber(String(time.hour)), weekday: time.weekday, date: time.date });
      };
    case 'result':
      return ({ result }) => result;
    default:
      return () => undefined;
  }
}

/** Unknown category and severity are errors when read, not missing: a rule on them must not pass in silence. */
function toolMembers({ call }: Evaluation): JsonObject {
  return {
    name: call.tool,
    server: call.server,
    get category(): JsonValue {
      if (call.category === undefined) throw new ReadFault('is unknown for this tool');
      return call.category;
    },
    get severity(): JsonValue {
      if (call.severity === undefined) throw new ReadFault('is unknown for this tool');
      return call.severity;
    },
  };
}

function object(members: Record<string, JsonValue | undefined>): JsonObject {
  const made = Object.create(null) as Record<string, JsonValue>;
  for (const key in members) if (members[key] !== undefined) made[key] = members[key];
  return made;
}

function walk(start: JsonValue | undefined, steps: readonly PathStep[], text: string): JsonValue | undefined {
  let value = start;
  for (const step of steps) {
    if (value === undefined || value === null) return undefined;
    value = into(value, step, text);
  }
  return value;
}

function into(value: JsonValue, step: PathStep, text: string): JsonValue | undefined {
  if (step.kind === 'member') {
    if (isJsonObject(value)) return Object.hasOwn(value, step.name) ? value[step.name] : undefined;
    throw new ReadFault(`leads into ${jsonType(value)}, which has no member \`${step.name}\``);
  }
  if (step.kind === 'index') {
    if (Array.isArray(value)) return (value as readonly JsonValue[])[step.index];
    throw new ReadFault(`leads into ${jsonType(value)} where it needs a list`);
  }
  throw new ReadFault(`cannot read every element of \`${text}\` as one value`);
}

function walkEvery(
  value: JsonValue | undefined,
  steps: readonly PathStep[],
  from: number,
  text: string,
  found: (JsonValue | undefined)[],
): void {
  let current = value;
  for (let i = from; i < steps.length; i++) {
    if (current === undefined || current === null) {
      current = undefined;
      break;
    }
    const step = steps[i] as PathStep;
    if (step.kind === 'every') {
      if (!Array.isArray(current)) throw new ReadFault(`leads into ${jsonType(current)} where it needs a list`);
      const list = current as readonly JsonValue[];
      // An empty list is one missing position: there is nothing that could satisfy.
      if (list.length === 0) current = undefined;
      else {
        for (const element of list) walkEvery(element, steps, i + 1, text, found);
        return;
      }
      break;
    }
    current = into(current, step, text);
  }
  if (found.length >= elementsMax) throw new ReadFault(`has more than ${elementsMax} elements`);
  found.push(current);
}
