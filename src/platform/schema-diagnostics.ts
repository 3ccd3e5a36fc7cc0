/** zod's issues as diagnostics with a place in the file, one per mistake, with the nearest known name. */
import * as z from 'zod';
import { bounded, type Diagnostic } from '../domain/diagnostic.ts';
import { isJsonArray, isJsonObject, JsonNumber, type JsonValue } from '../domain/json.ts';
import { suggestion } from './did-you-mean.ts';
import { errorsMax, type SourceDocument } from './source-document.ts';

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

/** Between the message and the hint of one key; neither can hold it, as names are shown escaped. */
const hintMark = '\u0000';
const keyMark = '\u0001';

/**
 * An object that allows no other keys. `whatNull` is the hint where it is written but left empty, as in `get_me:`.
 * Use it instead of `z.strictObject`: it is what makes unknown keys answer with the nearest known one.
 */
export function strictObject<S extends z.core.$ZodLooseShape>(shape: S, whatNull?: string) {
  const known = Object.keys(shape);
  const object = z.strictObject(shape, {
    error: (issue: RawIssue) => {
      if (issue.code === 'unrecognized_keys') {
        return issue.keys
          .map(
            (key) => `unknown key \`${key}\`${hintMark}${suggestion(key, known) ?? `known here: ${known.join(', ')}`}`,
          )
          .join(keyMark);
      }
      if (issue.code === 'invalid_type' && issue.input === null && whatNull !== undefined) {
        return `nothing is written here${hintMark}${whatNull}`;
      }
      return undefined;
    },
  });
  // What is looked at first may be absent, so zod would take the key for an optional one.
  return z.nonoptional(z.preprocess(withoutObjectNumbers, object));
}

/** A number that keeps its text is an object to zod, with a key `text`; here it must be what it is to the writer. */
function withoutObjectNumbers(value: unknown): unknown {
  return value instanceof JsonNumber ? 0 : value;
}

/** A custom message with a hint, for `superRefine` and `error`. */
export function withHint(message: string, hint: string): string {
  return message + hintMark + hint;
}

export function diagnose(document: SourceDocument, issues: readonly Issue[]): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const issue of issues) {
    if (found.length >= errorsMax) break;
    collect(document, issue, [], found);
  }
  return found;
}

function collect(
  document: SourceDocument,
  issue: Issue,
  prefix: readonly (string | number)[],
  found: Diagnostic[],
): void {
  const path = [...prefix, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  if (issue.code === 'unrecognized_keys') {
    const texts = issue.message.split(keyMark);
    issue.keys.slice(0, errorsMax).forEach((key, i) => {
      found.push(diagnostic(document, [...path, key], 'key', texts[i] ?? `unknown key \`${key}\``));
    });
  } else if (path.length > 0 && valueAt(document.value, path) === undefined) {
    found.push(absentPart(document, path));
  } else if (issue.code === 'invalid_union') {
    const branch = nearestBranch(issue.errors);
    if (branch === undefined) found.push(diagnostic(document, path, 'value', ofAnotherKind(document, path, issue)));
    else for (const inner of branch) collect(document, inner, path, found);
  } else if (issue.code === 'invalid_key') {
    found.push(diagnostic(document, path, 'key', issue.issues.map(readable).join('; ')));
  } else {
    found.push(diagnostic(document, path, 'value', readable(issue)));
  }
}

function absentPart(document: SourceDocument, path: readonly (string | number)[]): Diagnostic {
  return diagnostic(document, path.slice(0, -1), 'value', `\`${String(path.at(-1))}\` is missing`);
}

function valueAt(value: JsonValue, path: readonly (string | number)[]): JsonValue | undefined {
  let current: JsonValue | undefined = value;
  for (const part of path) {
    if (isJsonArray(current)) current = current[Number(part)];
    else if (isJsonObject(current)) current = Object.hasOwn(current, part) ? current[part] : undefined;
    else return undefined;
  }
  return current;
}

/** The alternative that the text comes nearest to: fewest complaints about the value itself and its keys. */
function nearestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  let best: readonly Issue[] | undefined;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const branch of branches) {
    let cost = 0;
    for (const issue of branch) {
      if (issue.path.length === 0 && issue.code !== 'unrecognized_keys') cost += 100;
      else if (issue.code === 'unrecognized_keys') cost += 10 * issue.keys.length;
      else if (issue.path.length === 1 && issue.code === 'invalid_type') cost += 5;
      else cost += 1;
    }
    if (cost < bestCost) {
      best = branch;
      bestCost = cost;
    }
  }
  // Every alternative is of another type altogether: the union's own message says what is possible.
  return bestCost >= 100 ? undefined : best;
}

/** Where no alternative comes near: what any of them would be, unless the union has a message of its own. */
function ofAnotherKind(document: SourceDocument, path: readonly (string | number)[], issue: Issue): string {
  const said = readable(issue);
  const wanted = expectedBy(issue);
  const value = valueAt(document.value, path);
  if (said !== plainMessage || wanted.length === 0 || value === undefined) return said;
  const choices = wanted.filter((kind) => kind.startsWith('`'));
  if (typeof value === 'string' && choices.length > 0) {
    const hint = suggestion(
      value,
      choices.map((choice) => choice.slice(1, -1)),
    );
    return `must be one of ${choices.join(', ')}${hint === undefined ? '' : hintMark + hint}`;
  }
  const last = wanted.at(-1) ?? '';
  return `expected ${wanted.length === 1 ? last : `${wanted.slice(0, -1).join(', ')} or ${last}`}, found ${kindOf(value)}`;
}

const plainMessage = 'invalid input';

function expectedBy(issue: Issue): string[] {
  switch (issue.code) {
    case 'invalid_union':
      return [
        ...new Set(issue.errors.flatMap((branch) => branch.filter((i) => i.path.length === 0).flatMap(expectedBy))),
      ];
    case 'invalid_type':
      return [kinds[issue.expected] ?? issue.expected];
    case 'invalid_value':
      return issue.values.map((value) => `\`${String(value)}\``);
    default:
      return issue.message.startsWith('expected ') ? [issue.message.slice('expected '.length)] : [];
  }
}

function kindOf(value: JsonValue): string {
  if (value === null) return 'nothing';
  if (value instanceof JsonNumber) return 'a number';
  if (isJsonArray(value)) return 'a list';
  return (typeof value === 'object' ? kinds['object'] : kinds[typeof value]) ?? 'something else';
}

function diagnostic(
  document: SourceDocument,
  path: readonly (string | number)[],
  part: 'key' | 'value',
  text: string,
): Diagnostic {
  const [message = '', hint] = text.split(hintMark);
  const at = document.locate(path, part);
  return { file: document.file, ...at, message: bounded(message), ...(hint === undefined ? {} : { hint }) };
}

function readable(issue: Issue): string {
  if (issue.code === 'invalid_value' && !issue.message.includes(hintMark)) {
    const values = issue.values.map((v) => `\`${String(v)}\``);
    return values.length === 1 ? `must be ${values[0]}` : `must be one of ${values.join(', ')}`;
  }
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input: expected ')) {
    const received = /received (\w+)$/.exec(issue.message)?.[1];
    const expected = kinds[issue.expected] ?? issue.expected;
    return `expected ${expected}${received === undefined ? '' : `, found ${kinds[received] ?? received}`}`;
  }
  const text = issue.message.replace(/^Invalid input: /, '');
  return text.charAt(0).toLowerCase() + text.slice(1);
}

const kinds: Readonly<Record<string, string>> = {
  record: 'a mapping (`key: value`)',
  object: 'a mapping (`key: value`)',
  array: 'a list',
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  null: 'nothing',
  JsonNumber: 'a number',
};
