/** `--state FILE`, and `state:` in test files: what counters have used already. */
import * as z from 'zod';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { JsonNumber } from '../domain/json.ts';
import { SCOPES } from '../domain/policy.ts';
import { readYaml, strictObject, withHint } from '../platform/yaml-document.ts';
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

export function readStateFile(
  file: string,
  text: string,
): { readonly counters: readonly CounterState[] } | { readonly errors: readonly Diagnostic[] } {
  const read = readYaml(file, text, stateFile, { numbers: 'exact' });
  if ('errors' in read) return read;
  return { counters: counterStates(Array.isArray(read.value) ? read.value : read.value.state) };
}
