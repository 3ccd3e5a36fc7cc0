/**
 * What a comprehension may cost. The library has no budget, and the lists that are run through are bounded; but a body
 * that reads more than its own element does so once an element: `args.tags.all(t, t in args.allowed)`. Elements × what
 * the body reads from outside is bounded, before anything runs.
 */
import type { ASTNode } from '@marcbachmann/cel-js';
import { isJsonArray, isJsonObject, type JsonValue } from '../../../domain/json.ts';
import { children } from './cel-guards.ts';

/** Characters, members and elements that bodies read, all repetitions together: about half a second. */
export const loopCostMax = 20_000_000;

export const comprehensions: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

/** Member by member from `args` or `result`. */
type Reads = readonly (readonly string[])[];

export interface Loop {
  /** Where the list may come from; nothing where it is an element's own or is written out. */
  readonly over: Reads;
  /** It is made of a text, character by character at worst. */
  readonly splits: boolean;
  /** Elements of the longest list that is written out. */
  readonly written: number;
  /** What the body reads besides its element, inner loops left out. */
  readonly reads: Reads;
  readonly inner: readonly Loop[];
}

/** The loops of an expression as it was written. */
export function loopsIn(node: ASTNode): Loop[] {
  const parts = loopParts(node);
  if (parts === undefined) return children(node).flatMap(loopsIn);
  const { list, body } = parts;
  const loop: Loop = {
    over: pathsIn(list),
    splits: some(list, ({ op, args }) => op === 'rcall' && args[0] === 'split'),
    written: longestWritten(list),
    reads: body.flatMap(readsOf),
    inner: body.flatMap(loopsIn),
  };
  return [loop, ...loopsIn(list)];
}

/** The values that expressions read by `args` and `result`. */
export type Roots = Readonly<Record<string, JsonValue | undefined>>;

/** Whether running all of them is within the bound. */
export function affordable(loops: readonly Loop[], roots: Roots): boolean {
  return loops.reduce((sum, loop) => sum + costOf(loop, roots), 0) <= loopCostMax;
}

function costOf(loop: Loop, roots: Roots): number {
  // An element's own list is as long as the element is: all of them together are no more than the arguments.
  const own = loop.over.length > 0 ? 1 : 0;
  const each =
    own +
    loop.reads.reduce((sum, path) => sum + sizeOf(valueAt(roots, path)), 0) +
    loop.inner.reduce((sum, inner) => sum + costOf(inner, roots), 0);
  return each === 0 ? 0 : each * elementsOf(loop, roots);
}

function elementsOf({ over, splits, written }: Loop, roots: Roots): number {
  const values = over.length > 0 ? over.map((path) => valueAt(roots, path)) : Object.values(roots);
  const count = splits ? sizeOf : longestIn;
  return values.reduce((longest: number, value) => Math.max(longest, count(value)), Math.max(1, written));
}

function loopParts(node: ASTNode): { readonly list: ASTNode; readonly body: readonly ASTNode[] } | undefined {
  if (node.op !== 'rcall' || !comprehensions.has(node.args[0])) return undefined;
  const [, list, parameters] = node.args;
  return { list, body: parameters.slice(1) };
}

/** Of an inner loop only the list counts here, and not where it is there already: its body is counted with it. */
function readsOf(node: ASTNode): Reads {
  const path = pathOf(node);
  if (path !== undefined) return [path];
  const parts = loopParts(node);
  if (parts === undefined) return children(node).flatMap(readsOf);
  return pathOf(parts.list) === undefined ? readsOf(parts.list) : [];
}

/** All of them, those in the bodies of loops too: which of them it is as long as cannot be told. */
function pathsIn(node: ASTNode): Reads {
  const path = pathOf(node);
  return path === undefined ? children(node).flatMap(pathsIn) : [path];
}

function pathOf(node: ASTNode): readonly string[] | undefined {
  if (node.op === 'id') return node.args === 'args' || node.args === 'result' ? [node.args] : undefined;
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const [from, step] = node.args as readonly [ASTNode, unknown];
  const path = pathOf(from);
  if (path === undefined) return undefined;
  const literal: unknown =
    node.op === '.' ? step : (step as ASTNode).op === 'value' ? (step as ASTNode).args : undefined;
  // Whichever element it is, it is no larger than the list.
  return typeof literal === 'string' ? [...path, literal] : path;
}

function some(node: ASTNode, test: (node: ASTNode) => boolean): boolean {
  return test(node) || children(node).some((child) => some(child, test));
}

function longestWritten(node: ASTNode): number {
  const own = node.op === 'list' ? node.args.length : 0;
  return children(node).reduce((longest, child) => Math.max(longest, longestWritten(child)), own);
}

function valueAt(roots: Roots, path: readonly string[]): JsonValue | undefined {
  const [root = '', ...names] = path;
  let value = Object.hasOwn(roots, root) ? roots[root] : undefined;
  for (const name of names) {
    if (!isJsonObject(value)) return value;
    if (!Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

function sizeOf(value: JsonValue | undefined): number {
  if (typeof value === 'string') return 1 + value.length;
  if (isJsonArray(value)) return value.reduce((sum: number, element) => sum + sizeOf(element), 1);
  if (!isJsonObject(value)) return 1;
  let sum = 1;
  for (const name in value) sum += name.length + sizeOf(value[name]);
  return sum;
}

/** Of the longest list, or the largest object, as loops run through names of members too. */
function longestIn(value: JsonValue | undefined): number {
  if (isJsonArray(value)) return value.reduce((n: number, element) => Math.max(n, longestIn(element)), value.length);
  if (!isJsonObject(value)) return 0;
  let longest = 0;
  let members = 0;
  for (const name in value) {
    members++;
    longest = Math.max(longest, longestIn(value[name]));
  }
  return Math.max(longest, members);
}
