/** What the policy asks to be done with the reply to a call. */
import type { InspectRules, Redaction } from '../../domain/inspection.ts';
import type { CallFacts, PolicySet } from '../../domain/policy.ts';
import type { RedactRule } from '../../domain/policy-document.ts';
import { type CompiledEntry, type CompiledInspect, compiledSet } from './compiled.ts';
import { Evaluation, evaluateAll } from './evaluation.ts';
import { parsePath } from './path.ts';
import { planOf } from './plan.ts';
import { safePattern } from './safe-pattern.ts';

/** Every `inspect` that applies to the tool; all of them are carried out. */
export function inspectRules(policy: PolicySet, call: CallFacts): readonly InspectRules[] {
  const plan = planOf(compiledSet(policy), call);
  if (!plan.inspects) return NONE;
  return plan.documents.flatMap(({ entries }) =>
    entries.flatMap((entry) => (entry.inspect === undefined ? [] : [rulesOf(entry, entry.inspect, call)])),
  );
}

const NONE: readonly InspectRules[] = [];

function rulesOf(entry: CompiledEntry, { rule, source, denyIf }: CompiledInspect, call: CallFacts): InspectRules {
  return {
    rule,
    shadow: entry.shadow,
    maxBytes: source.maxBytes,
    strip: source.strip,
    redact: source.redact.map(redaction),
    denies(result) {
      for (const one of denyIf) {
        const evaluation = new Evaluation(call, [], result);
        evaluation.timezone = entry.timezone;
        const outcome = evaluateAll(one.conditions, evaluation);
        if (outcome === 'error') return `a rule cannot be judged: ${evaluation.fault ?? 'an error'}`;
        if (outcome === 'holds')
          return one.onDeny ?? entry.reason ?? one.reason.replace('this tool is denied', 'the result is withheld');
      }
      return undefined;
    },
  };
}

/** Compiled when the policy was loaded; what could not be was an error there, so here it redacts everything. */
function redaction(source: RedactRule): Redaction {
  const { pointer: rule } = source;
  if ('path' in source) {
    const path = parsePath(source.path, true);
    return { kind: 'path', rule, steps: 'error' in path ? [] : path.steps };
  }
  if ('pattern' in source) return { kind: 'pattern', rule, pattern: source.pattern };
  const pattern = safePattern(source.regex);
  return {
    kind: 'regex',
    rule,
    size: 'error' in pattern ? 1 : pattern.size,
    replaceAll: (text, replacement) => ('error' in pattern ? replacement : pattern.replaceAll(text, replacement)),
  };
}
