/**
 * `{ cel: … }`: logic over the call. The library is wrapped: its `matches` runs V8's backtracking engine, so patterns must
 * be literals and are rewritten to RE2; nothing bounds a run, so nesting and list sizes are bounded here; JSON numbers are
 * doubles; every error of an evaluation is an error of the condition. What it gets wrong is in `cel-guards.ts`, the type
 * checks against a tool's schema are in `cel-types.ts`.
 */
import { type ASTNode, Environment, type ParseResult } from '@marcbachmann/cel-js';
import { isJsonArray, isJsonObject, JsonNumber, type JsonValue } from '../../../domain/json.ts';
import type { Outcome } from '../../../domain/policy.ts';
import type { ConditionSource } from '../../../domain/policy-document.ts';
import type { Condition, Evaluation } from '../evaluation.ts';
import { ReadFault } from '../path.ts';
import { type SafePattern, safePattern, searchCostMax } from '../safe-pattern.ts';
import { children, guard, guardNames, registerGuards, unsoundNode } from './cel-guards.ts';
import { affordable, comprehensions, type Loop, loopsIn } from './cel-loops.ts';
import { textOf } from './cel-text.ts';
import type { ConditionContext, Expression } from './context.ts';
import { shown } from './operator.ts';

export const expressionLengthMax = 4_000;
export const comprehensionNestingMax = 2;
/** Elements of any one list while a comprehension runs, alone and inside another one. */
export const listMax = 10_000;
export const nestedListMax = 300;

type Problem = { readonly error: string; readonly hint?: string };

export function compileCel(source: ConditionSource & { kind: 'cel' }, context: ConditionContext): Condition {
  const compiled = compileExpression(source.text, context.inResult);
  const rule = context.prefix + source.pointer;
  const words = `the expression \`${shown(source.text)}\` is true`;
  if ('error' in compiled) {
    context.problem(`${source.pointer}/cel`, compiled.error, compiled.hint);
    return { words, evaluate: () => 'error' };
  }
  if (compiled.type !== 'bool' && compiled.type !== 'dyn') {
    context.problem(`${source.pointer}/cel`, `the expression gives ${compiled.type}, not true or false`);
  }
  context.expression?.(source.pointer, compiled);
  return {
    words,
    evaluate(evaluation) {
      let outcome: Outcome;
      let note: string | undefined;
      try {
        const value = compiled.run(evaluation);
        if (typeof value === 'boolean') outcome = value ? 'holds' : 'fails';
        else {
          outcome = 'error';
          note = 'gives neither true nor false';
        }
      } catch (fault) {
        if (!(fault instanceof ReadFault)) throw fault;
        outcome = 'error';
        note = fault.message;
      }
      if (outcome === 'error') evaluation.fault ??= `the expression \`${shown(source.text)}\` ${note}`;
      evaluation.trail.push({
        rule,
        kind: 'condition',
        outcome,
        read: source.text,
        op: 'cel',
        ...(note === undefined ? {} : { note }),
        ...(evaluation.shadow ? { shadow: true } : {}),
      });
      return outcome;
    },
  };
}

export function compileExpression(text: string, inResult: boolean): (Expression & { readonly type: string }) | Problem {
  if (text.length > expressionLengthMax) return { error: `an expression may have ${expressionLengthMax} characters` };
  const environment = celEnvironment(inResult, false);
  const patterns = new Map<string, SafePattern>();
  let program: ParseResult;
  let checked: string;
  let nesting = 0;
  let loops: readonly Loop[] = [];
  try {
    const first = environment.parse(text);
    const problem = inspectAst(first.ast, patterns);
    if (problem !== undefined) return problem;
    loops = loopsIn(first.ast);
    const changed = guard(first.ast) || patterns.size > 0;
    nesting = comprehensionNesting(first.ast);
    if (nesting > comprehensionNestingMax) {
      return { error: `comprehensions are nested ${nesting} deep; at most ${comprehensionNestingMax}` };
    }
    checked = changed ? textOf(first.ast) : text;
    program = changed ? celEnvironment(inResult, true).parse(checked) : first;
  } catch (fault) {
    return { error: `not a CEL expression: ${firstLine(fault)}` };
  }
  const verdict = program.check();
  if (!verdict.valid) return { error: `the expression does not fit its types: ${firstLine(verdict.error)}` };
  const roots = rootsUsed(program.ast);
  const argumentNames = argumentsUsed(program.ast);
  const elements = nesting === 0 ? Number.POSITIVE_INFINITY : nesting === 1 ? listMax : nestedListMax;
  return {
    text,
    checked,
    readsAllArguments: argumentNames === undefined,
    type: verdict.type ?? 'dyn',
    run(evaluation) {
      const { call, result } = evaluation;
      if (loops.length > 0 && !affordable(loops, { args: call.arguments, result })) {
        throw new ReadFault('reads too much for each element of a list');
      }
      const scope: Record<string, unknown> = {};
      for (const root of roots) scope[root] = rootValue(root, evaluation, argumentNames, elements);
      searching = patterns;
      searchBudget = searchCostMax;
      try {
        return program(scope) as unknown;
      } catch (fault) {
        throw new ReadFault(`cannot be evaluated: ${withoutValues(firstLine(fault))}`);
      }
    },
  };
}

/** One run at a time: evaluation is synchronous. */
let searching: ReadonlyMap<string, SafePattern> = new Map();
let searchBudget = 0;

function search(text: string, source: string): boolean {
  const pattern = searching.get(source);
  searchBudget -= text.length * 100;
  const found = searchBudget < 0 ? undefined : pattern?.search(text);
  if (found === undefined) throw new Error('the text is too long for its pattern');
  return found;
}

const rewritten = 'searchRe2';
const environments = new Map<string, Environment>();

/** `guarded`: for what is rewritten, which is larger than what was written. */
function celEnvironment(inResult: boolean, guarded: boolean): Environment {
  const key = `${inResult} ${guarded}`;
  let made = environments.get(key);
  if (made === undefined) {
    made = baseEnvironment(guarded ? guardedLimits : writtenLimits);
    made.registerVariable('args', 'map<string, dyn>');
    if (inResult) made.registerVariable('result', 'map<string, dyn>');
    environments.set(key, made);
  }
  return made;
}

const writtenLimits = { maxAstNodes: 2_000, maxDepth: 50 };
/** A chain of sums is as deep as it is long once every sum is a call. */
const guardedLimits = { maxAstNodes: 20_000, maxDepth: 500 };

/** Everything but `args`, which a schema may give a type. */
export function baseEnvironment(limits: typeof writtenLimits = guardedLimits): Environment {
  const environment = new Environment({
    unlistedVariablesAreDyn: false,
    homogeneousAggregateLiterals: false,
    limits: { ...limits, maxListElements: 500, maxMapEntries: 100, maxCallArguments: 16 },
  });
  for (const root of ['tool', 'caller', 'session', 'time']) environment.registerVariable(root, 'map<string, dyn>');
  registerGuards(environment);
  environment.registerFunction(`string.${rewritten}(string): bool`, search);
  return environment;
}

const banned = new Set(['uint', 'bytes', rewritten, ...guardNames]);

/** Bans what JSON never produces and the library gets wrong, and turns `matches` into the RE2 search. */
function inspectAst(node: ASTNode, patterns: Map<string, SafePattern>): Problem | undefined {
  if (node.op === 'value') {
    const value: unknown = node.args;
    if (value instanceof Uint8Array) return { error: 'bytes are not allowed in an expression' };
    if (typeof value === 'object' && value !== null) return { error: 'unsigned numbers (`1u`) are not allowed' };
    return undefined;
  }
  if (node.op === 'call') {
    const [name] = node.args;
    if (name === 'matches') return { error: 'write `text.matches("pattern")`' };
    if (banned.has(name)) return { error: `\`${name}\` is not allowed in an expression` };
  }
  if (node.op === 'rcall') {
    const [name, , parameters] = node.args;
    if (banned.has(name)) return { error: `\`${name}\` is not allowed in an expression` };
    if (name === 'matches') {
      const [only] = parameters;
      const source: unknown = only?.op === 'value' ? only.args : undefined;
      if (typeof source !== 'string') return { error: '`matches` needs a pattern written as a literal' };
      const pattern = safePattern(source);
      if ('error' in pattern) return pattern;
      patterns.set(source, pattern);
      node.args[0] = rewritten;
    }
  }
  const unsound = unsoundNode(node);
  if (unsound !== undefined) return unsound;
  for (const child of children(node)) {
    const problem = inspectAst(child, patterns);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function comprehensionNesting(node: ASTNode): number {
  const inside = Math.max(0, ...children(node).map(comprehensionNesting));
  return node.op === 'rcall' && comprehensions.has(node.args[0]) ? inside + 1 : inside;
}

const rootNames = new Set(['args', 'tool', 'caller', 'session', 'time', 'result']);

function rootsUsed(node: ASTNode, found = new Set<string>()): Set<string> {
  if (node.op === 'id' && rootNames.has(node.args)) found.add(node.args);
  for (const child of children(node)) rootsUsed(child, found);
  return found;
}

/** The arguments read by name, so that only these are converted; undefined where `args` is used as a whole. */
function argumentsUsed(node: ASTNode, found = new Set<string>()): Set<string> | undefined {
  if (node.op === 'id') return node.args === 'args' ? undefined : found;
  if (node.op === '.' && node.args[0].op === 'id' && node.args[0].args === 'args') {
    found.add(node.args[1]);
    return found;
  }
  for (const child of children(node)) if (argumentsUsed(child, found) === undefined) return undefined;
  return found;
}

function rootValue(
  root: string,
  evaluation: Evaluation,
  names: ReadonlySet<string> | undefined,
  elements: number,
): unknown {
  const { call, result } = evaluation;
  switch (root) {
    case 'args': {
      if (names === undefined) return native(call.arguments, elements);
      const made: Record<string, unknown> = {};
      for (const name of names) {
        if (Object.hasOwn(call.arguments, name)) made[name] = native(call.arguments[name] as JsonValue, elements);
      }
      return made;
    }
    case 'tool':
      return present({ name: call.tool, server: call.server, category: call.category, severity: call.severity });
    case 'caller':
      return present({ id: call.caller.id, agent: call.caller.agent, groups: call.caller.groups });
    case 'session':
      return present({ id: call.session.id, labels: call.session.labels, calls: call.session.calls });
    case 'time':
      return { ...evaluation.time() };
    case 'result':
      return result === undefined ? {} : native(result, elements);
    default:
      throw new ReadFault(`reads \`${root}\`, which is not known here`);
  }
}

function present(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function native(value: JsonValue, elements: number): unknown {
  if (value instanceof JsonNumber) return double(value.text);
  if (isJsonArray(value)) {
    if (value.length > elements) throw new ReadFault(`reads a list of more than ${elements} elements`);
    return value.map((element) => native(element, elements));
  }
  if (!isJsonObject(value)) return value;
  const made = Object.create(null) as Record<string, unknown>;
  for (const key in value) made[key] = native(value[key] as JsonValue, elements);
  return made;
}

/** Infinity is no number that somebody wrote, and infinities are all equal. */
function double(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number)) throw new ReadFault('reads a number that is too large for a double');
  return number;
}

function firstLine(fault: unknown): string {
  const text = fault instanceof Error ? fault.message : 'unknown fault';
  return shown(text.split('\n')[0] ?? '');
}

/** The library's messages name keys and types; a quoted literal could be an argument's value. */
function withoutValues(text: string): string {
  return text.replace(/"[^"]*"|'[^']*'/g, '…');
}
