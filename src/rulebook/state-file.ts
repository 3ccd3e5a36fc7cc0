/** `--state FILE`, and `state:` in test files: what counters have used already. */
import * as z from 'zod';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { JsonNumber } from '../domain/json.ts';
import { type PolicySet, SCOPES } from '../domain/policy.ts';
import { suggestion } from '../platform/did-you-mean.ts';
import { readYaml, strictObject, withHint } from '../platform/yaml-document.ts';
import { policyLimits } from '../stages/policy/compiled.ts';
import { countable } from '../stages/policy/limit-demand.ts';
import type { CounterState } from './judge.ts';
import { exactNumber } from './schema.ts';

const used = z
  .union([exactNumber, z.string()])
  .refine(
    (value) => typeof countable(value instanceof JsonNumber ? value.text : value) === 'string',
    'not a decimal, 0 or more',
  );

export const counterState = strictObject({
  counter: z.string().min(1).meta({ description: 'A counter’s name, or the pointer of a limit without one.' }),
  per: z.union([z.enum(SCOPES), z.array(z.enum(SCOPES))]).optional(),
  used,
});

const stateFile = z.union([z.array(counterState), strictObject({ state: z.array(counterState) })], {
  error: withHint('not a list of counters', 'write `[{counter: name, per: grant, used: 3}]`'),
});

export function counterStates(raw: readonly z.output<typeof counterState>[]): CounterState[] {
  return raw.map(({ counter, per, used: amount }) => ({
    counter,
    ...(per === undefined ? {} : { per: typeof per === 'string' ? [per] : per }),
    used: amount instanceof JsonNumber ? amount.text : amount,
  }));
}

/** `policy`: what is used of a counter that no limit of it has is a mistake, never nothing. */
export function readStateFile(
  file: string,
  text: string,
  policy: PolicySet,
): { readonly counters: readonly CounterState[] } | { readonly errors: readonly Diagnostic[] } {
  const read = readYaml(file, text, stateFile, { numbers: 'exact' });
  if ('errors' in read) return read;
  const { value, document } = read;
  const listed = Array.isArray(value);
  const counters = counterStates(listed ? value : value.state);
  const errors = unknownCounters(policy, counters).map(({ index, ...said }) => ({
    file,
    ...document.locate(listed ? [index, 'counter'] : ['state', index, 'counter'], 'value'),
    ...said,
  }));
  return errors.length > 0 ? { errors } : { counters };
}

/** Of which counter, by its place in the list, no limit of the policy is. */
export function unknownCounters(
  policy: PolicySet,
  states: readonly CounterState[],
): { readonly index: number; readonly message: string; readonly hint?: string }[] {
  if (states.length === 0) return [];
  const limits = policyLimits(policy);
  const known = [...new Set(limits.flatMap(({ counter, rule }) => [counter, rule]))];
  return states.flatMap(({ counter }, index) => {
    if (known.includes(counter)) return [];
    const hint = suggestion(counter, known);
    return [{ index, message: `no limit counts \`${counter}\``, ...(hint === undefined ? {} : { hint }) }];
  });
}
