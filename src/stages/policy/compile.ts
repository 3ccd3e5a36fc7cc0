/** Documents in their one form → tables that decide. Pure: hashes come in, problems go out as values. */
import type { PolicyDocumentInfo, PolicySet } from '../../domain/policy.ts';
import type {
  NamePattern,
  NameRules,
  PolicyDocument,
  PolicyEntry,
  PolicyLevel,
  PolicyProblem,
  PolicyRule,
  RedactRule,
} from '../../domain/policy-document.ts';
import {
  type CompiledDocument,
  type CompiledEntry,
  type CompiledInspect,
  type CompiledLevel,
  type CompiledNameRules,
  type CompiledPattern,
  CompiledPolicySet,
  type CompiledRule,
} from './compiled.ts';
import { compileConditions } from './conditions/compile-condition.ts';
import type { ConditionContext, Expression } from './conditions/context.ts';
import type { Condition } from './evaluation.ts';
import { compileLimit } from './limit-demand.ts';
import { globMatcher, isGlob } from './names.ts';
import { parsePath } from './path.ts';
import { safePattern } from './safe-pattern.ts';

interface DocumentProblem extends PolicyProblem {
  readonly file: string;
}

export type CompileResult = { readonly policy: PolicySet } | { readonly problems: readonly DocumentProblem[] };

/**
 * `hash`: over all documents. No document: the policy of a grant without one, which refuses everything. Of a document
 * with `problemsMax` problems the rest is not looked at.
 */
export function compilePolicy(
  documents: readonly PolicyDocument[],
  hash: string,
  problemsMax = Number.POSITIVE_INFINITY,
): CompileResult {
  const problems: DocumentProblem[] = [];
  const compiled = documents.map((document) => {
    const before = problems.length;
    return compileDocument(document, {
      // A pointer needs the file's name only where it could be another's.
      prefix: documents.length > 1 ? `${document.name ?? document.file}#` : '',
      problem: (pointer, message, hint) => {
        problems.push({ file: document.file, pointer, message, ...(hint === undefined ? {} : { hint }) });
      },
      enough: () => problems.length - before >= problemsMax,
    });
  });
  if (problems.length > 0) return { problems };
  const infos: PolicyDocumentInfo[] = documents.map(({ file, hash: own, mode }) => ({ file, hash: own, mode }));
  return { policy: new CompiledPolicySet(hash, infos, compiled) };
}

/** The policy of a grant that has none. */
export const noPolicy: PolicySet = new CompiledPolicySet(`sha256:${'0'.repeat(64)}`, [], []);

interface Surroundings {
  readonly path: string;
  readonly prefix: string;
  readonly timezone: string;
  readonly shadow: boolean;
  readonly problem: ConditionContext['problem'];
  readonly enough: () => boolean;
}

function compileDocument(
  document: PolicyDocument,
  said: Pick<Surroundings, 'prefix' | 'problem' | 'enough'>,
): CompiledDocument {
  const shadow = document.mode === 'shadow';
  const around = { path: document.path ?? document.file, timezone: document.timezone, shadow, ...said };
  return {
    shadow,
    outer: compileLevel(document.level, around),
    servers: new Map([...document.servers].map(([id, level]) => [id, compileLevel(level, around)])),
  };
}

function compileLevel(level: PolicyLevel, outer: Surroundings): CompiledLevel {
  const around = level.timezone === undefined ? outer : { ...outer, timezone: level.timezone };
  const { prefix } = around;
  const exact = new Map<string, CompiledEntry>();
  const globs: { pattern: string; matches: (text: string) => boolean; entry: CompiledEntry }[] = [];
  for (const [name, source] of level.tools) {
    const entry = compileEntry(source, around);
    if (isGlob(name)) globs.push({ pattern: name, matches: globMatcher(name), entry });
    else exact.set(name, entry);
  }
  globs.sort((a, b) => (a.pattern < b.pattern ? -1 : 1));
  const hides = level.hide.map((pattern) => compilePattern(pattern, prefix));
  const hideExact = new Map<string, number>();
  hides.forEach(({ pattern }, i) => {
    if (!hideExact.has(pattern)) hideExact.set(pattern, i);
  });
  return {
    default:
      level.default === undefined
        ? undefined
        : { allow: level.default === 'allow', rule: `${prefix}${level.pointer}/default` },
    hides,
    hideExact,
    hideGlobs: hides.flatMap(({ pattern, matches }, i) => (isGlob(pattern) ? [{ matches, index: i }] : [])),
    exact,
    globs,
    categories: new Map([...level.categories].map(([name, source]) => [name, compileEntry(source, around)])),
    allTools: level.allTools === undefined ? undefined : compileEntry(level.allTools, around),
    prompts: compileNameRules(level.prompts, prefix),
    resources: compileNameRules(level.resources, prefix),
  };
}

function compilePattern({ pattern, pointer }: NamePattern, prefix: string): CompiledPattern {
  return { rule: prefix + pointer, pattern, matches: globMatcher(pattern) };
}

function compileNameRules(rules: NameRules | undefined, prefix: string): CompiledNameRules | undefined {
  if (rules === undefined) return undefined;
  return {
    allow: rules.allow?.map((pattern) => compilePattern(pattern, prefix)),
    hide: rules.hide.map((pattern) => compilePattern(pattern, prefix)),
  };
}

function compileEntry(source: PolicyEntry, around: Surroundings): CompiledEntry {
  const { prefix, problem, enough } = around;
  const shadow = around.shadow || source.shadow;
  const expressions: { rule: string; expression: Expression }[] = [];
  const context = (elements: 'every' | 'some', inResult = false): ConditionContext => ({
    prefix,
    elements,
    inResult,
    problem,
    enough,
    ...(inResult
      ? {}
      : { expression: (pointer, expression) => expressions.push({ rule: prefix + pointer, expression }) }),
  });
  const { approval } = source;
  return {
    rule: prefix + source.pointer,
    shadow,
    timezone: around.timezone,
    deny: source.action === 'deny',
    allowWritten: source.actionWritten && source.action === 'allow',
    reason: source.reason,
    argumentsRule: source.argumentsSchema ? `${prefix}${source.pointer}/arguments` : undefined,
    requiredRule: source.requiredArguments === undefined ? undefined : prefix + source.requiredArguments,
    rules: [
      ...source.denyIf.map((rule) => compileRule(rule, 'deny_if', context('some'))),
      ...source.require.map((rule) => compileRule(rule, 'require', context('every'))),
    ],
    approval:
      approval === undefined
        ? undefined
        : {
            rule: prefix + approval.pointer,
            if: approval.if === undefined ? undefined : compileConditions(approval.if, context('some')),
            approvers: approval.approvers,
            quorum: approval.quorum,
            expiresMs: approval.expiresMs,
            validForMs: approval.validForMs,
            holdMs: approval.holdMs,
          },
    limits: source.limits.map((limit) => compileLimit(limit, around.path, shadow, context('some'))),
    expressions,
    inspect: compileInspect(source, context('some', true)),
  };
}

function compileRule(rule: PolicyRule, kind: CompiledRule['kind'], context: ConditionContext): CompiledRule {
  const conditions = compileConditions(rule.conditions, context);
  return { rule: context.prefix + rule.pointer, kind, conditions, onDeny: rule.onDeny, ...says(kind, conditions) };
}

const wordsMax = 300;

function says(
  kind: CompiledRule['kind'],
  conditions: readonly Condition[],
): { readonly reason: string; readonly remedy: string | undefined } {
  const words = conditions.map((condition) => condition.words).join(' and ');
  const said = words.length > wordsMax ? `${words.slice(0, wordsMax)}…` : words;
  if (kind === 'require')
    return { reason: `this tool is allowed only where ${said}`, remedy: `It passes where ${said}` };
  if (conditions.length === 0) return { reason: 'this tool is denied', remedy: undefined };
  return { reason: `this tool is denied where ${said}`, remedy: `It passes unless ${said}` };
}

function compileInspect({ inspect }: PolicyEntry, context: ConditionContext): CompiledInspect | undefined {
  if (inspect === undefined) return undefined;
  for (const redact of inspect.redact) {
    if (context.enough?.() === true) break;
    checkRedact(redact, context);
  }
  return {
    rule: context.prefix + inspect.pointer,
    source: inspect,
    denyIf: inspect.denyIf.map((rule) => compileRule(rule, 'deny_if', context)),
  };
}

function checkRedact(redact: RedactRule, context: ConditionContext): void {
  if ('path' in redact) {
    const path = parsePath(redact.path, true);
    if ('error' in path) context.problem(`${redact.pointer}/path`, path.error, path.hint);
    else if (path.root !== 'result') context.problem(`${redact.pointer}/path`, 'only `result.` paths can be redacted');
  } else if ('regex' in redact) {
    const pattern = safePattern(redact.regex);
    const wrong =
      'error' in pattern ? pattern.error : pattern.search('') === true ? 'the pattern matches empty text' : undefined;
    if (wrong !== undefined) context.problem(`${redact.pointer}/pattern/regex`, wrong);
  }
}
