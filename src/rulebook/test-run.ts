/** `policy test`: runs the cases of one test file and says which rules no case ever made decide. */
import type { Diagnostic } from '../domain/diagnostic.ts';
import { isJsonObject, type JsonValue } from '../domain/json.ts';
import type { CallFacts, TrailEntry, Verdict } from '../domain/policy.ts';
import { readYaml } from '../platform/yaml-document.ts';
import { readCall } from './call-file.ts';
import { type Coverage, coverageOf } from './coverage.ts';
import { Counters, type Judged, judgeCall } from './judge.ts';
import { type KnownTool, readKnownTools } from './known-tools.ts';
import { loadDocuments, onlyServer, type PolicyText } from './load.ts';
import { counterStates, unknownCounters } from './state-file.ts';
import { type RawCase, testFile } from './test-file.ts';

export interface CaseResult {
  readonly name: string;
  readonly ok: boolean;
  /** Which call of a sequence failed, from 1. */
  readonly step?: number;
  readonly expected: { readonly verdict: Verdict; readonly rule?: string };
  readonly got: { readonly verdict: Verdict; readonly rule: string; readonly reason: string };
}

interface TestRun {
  readonly file: string;
  readonly policies: readonly string[];
  readonly cases: readonly CaseResult[];
  readonly coverage: Coverage;
}

export type TestResult = TestRun | { readonly file: string; readonly errors: readonly Diagnostic[] };

/** `read` gives the text of a file named relative to the test file, with the name it is reported under. */
export function runPolicyTests(test: PolicyText, read: (relative: string) => PolicyText, now: number): TestResult {
  const { file } = test;
  const parsed = readYaml(file, test.text, testFile, { numbers: 'exact' });
  if ('errors' in parsed) return { file, errors: parsed.errors };
  const { policy, catalogue, cases } = parsed.value;
  const texts = (typeof policy === 'string' ? [policy] : policy).map(read);
  const loaded = loadDocuments(texts);
  if ('errors' in loaded) return { file, errors: loaded.errors };
  const known = catalogue === undefined ? undefined : toolsOf(read(catalogue));
  if (known !== undefined && 'errors' in known) return { file, errors: known.errors };

  const results: CaseResult[] = [];
  const trails: TrailEntry[] = [];
  const errors: Diagnostic[] = [];
  const setting = { now, tools: known?.tools, server: onlyServer(loaded.documents) };
  const nameOf = namesIn(texts, typeof policy === 'string' ? [policy] : policy);
  cases.forEach((one, i) => {
    const states = counterStates(one.state ?? []);
    for (const { index, ...said } of unknownCounters(loaded.policy, states)) {
      errors.push({ file, ...parsed.document.locate(['cases', i, 'state', index, 'counter'], 'value'), ...said });
    }
    const counters = new Counters(loaded.policy, states);
    const steps = stepsOf(one);
    const passed = new Map<string, number>();
    let result: CaseResult | undefined;
    for (const [n, { call, expect, rule }] of steps.entries()) {
      const facts = readCall(call, setting);
      if (facts.kind === 'wrong') {
        const at = parsed.document.locate(['cases', i], 'value');
        errors.push(...facts.problems.map((message) => ({ file, ...at, message })));
        return;
      }
      const judged: Judged =
        facts.kind === 'call'
          ? judgeCall(loaded.policy, inSequence(call, facts.call, passed), counters)
          : { verdict: 'refuse', rule: '(decode)', reason: facts.why, trail: [] };
      if (facts.kind === 'call' && (judged.verdict === 'permit' || judged.shadow === true)) {
        passed.set(facts.call.session.id, (passed.get(facts.call.session.id) ?? 0) + 1);
      }
      trails.push(...judged.trail);
      const verdict = expect ?? judged.verdict;
      const ok =
        judged.verdict === verdict && (rule === undefined || judged.rule === rule || nameOf(judged.rule) === rule);
      result = {
        name: one.name,
        ok,
        ...(steps.length > 1 ? { step: n + 1 } : {}),
        expected: { verdict, ...(rule === undefined ? {} : { rule }) },
        got: { verdict: judged.verdict, rule: judged.rule, reason: judged.reason },
      };
      if (!ok) break;
    }
    if (result !== undefined) results.push(result);
  });
  if (errors.length > 0) return { file, errors };
  return { file, policies: texts.map((text) => text.file), cases: results, coverage: coverageOf(texts, trails) };
}

/** `session.calls` counts the calls of the sequence that went through, as a gateway does, where a call does not say it. */
function inSequence(written: JsonValue, call: CallFacts, passed: ReadonlyMap<string, number>): CallFacts {
  const session = isJsonObject(written) ? written['session'] : undefined;
  if (isJsonObject(session) && session['calls'] !== undefined) return call;
  return { ...call, session: { ...call.session, calls: passed.get(call.session.id) ?? 0 } };
}

/** A rule of several documents as the test file names them: `desk.yaml#/hide/0`, from wherever the command runs. */
function namesIn(texts: readonly PolicyText[], written: readonly string[]): (rule: string) => string {
  return (rule) => {
    const at = texts.findIndex(({ file }) => rule.startsWith(`${file}#`));
    const name = written[at];
    return name === undefined ? rule : name + rule.slice((texts[at] as PolicyText).file.length);
  };
}

/** The policies that a test file names; none where it cannot be read. */
export function policiesNamed(test: PolicyText): readonly string[] {
  const parsed = readYaml(test.file, test.text, testFile, { numbers: 'exact' });
  if ('errors' in parsed) return [];
  const { policy } = parsed.value;
  return typeof policy === 'string' ? [policy] : policy;
}

function toolsOf(file: PolicyText): ReturnType<typeof readKnownTools> & { readonly tools?: readonly KnownTool[] } {
  return readKnownTools(file.file, file.text);
}

interface Step {
  readonly call: JsonValue;
  readonly expect: Verdict | undefined;
  readonly rule: string | undefined;
}

function stepsOf(one: RawCase): Step[] {
  if ('call' in one) return [{ call: one.call, expect: one.expect, rule: one.rule }];
  return one.calls.map((step, i): Step => {
    const last = i === one.calls.length - 1;
    const { expect = last ? one.expect : undefined, rule = last ? one.rule : undefined } = step;
    if ('call' in step) return { call: step.call, expect, rule };
    const { expect: _expect, rule: _rule, ...call } = step;
    const written = Object.entries(call).filter((member): member is [string, JsonValue] => member[1] !== undefined);
    return { call: Object.fromEntries(written), expect, rule };
  });
}
