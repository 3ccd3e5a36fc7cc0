import type { Admission } from '../domain/admission.ts';
import type { Fault } from '../domain/fault.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Reply } from '../domain/reply.ts';

/** What the log, the metrics and spans call the decision: `permit`, `refuse`, `ask` or `hidden`. */
export function verdictOf(admission: Admission): 'permit' | 'refuse' | 'ask' | 'hidden' {
  if (admission.kind === 'reserved') return 'permit';
  if (admission.kind === 'refused' && admission.reason === 'unknown-name') return 'hidden';
  return admission.kind === 'refused' && admission.reason === 'approval' ? 'ask' : 'refuse';
}

/** The rule that decided: a JSON Pointer, or a word in parentheses. */
export function ruleOf(admission: Admission): string {
  switch (admission.kind) {
    case 'reserved':
      return admission.permit.rule;
    case 'refused':
      return admission.rule;
    case 'fault':
      return '(decode)';
    default:
      admission satisfies never;
      return '(fault)';
  }
}

/** What became of it, in a word: the outcome's kind, and `error` where the server answered with one. */
export function becameOf(outcome: Refusal | Fault | Reply): string {
  return outcome.kind === 'replied' && outcome.isError ? 'error' : outcome.kind;
}
