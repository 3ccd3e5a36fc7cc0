/** `*.test.yaml`: calls and what the policy must say of them. */
import * as z from 'zod';
import type { JsonObject, JsonValue } from '../domain/json.ts';
import { isJsonObject } from '../domain/json.ts';
import { strictObject, withHint } from '../platform/yaml-document.ts';
import { counterState } from './state-file.ts';

const verdict = z.enum(['permit', 'refuse', 'ask', 'hidden']);
const call = z
  .custom<JsonObject>((value) => isJsonObject(value as JsonValue), 'expected a call: {tool, arguments, …}')
  .meta({ jsonSchema: { type: 'object', required: ['tool'] } });

const anything = z.custom<JsonValue>((value) => value !== undefined, 'expected a value').meta({ jsonSchema: {} });
const expectation = {
  expect: verdict.optional(),
  rule: z.string().optional().meta({ description: 'The pointer of the rule that must decide.' }),
};

/** One call of a sequence, under `call` or written out. */
const step = z.union([
  strictObject({ call, ...expectation }),
  strictObject({
    tool: anything,
    arguments: anything.optional(),
    server: anything.optional(),
    caller: anything.optional(),
    session: anything.optional(),
    time: anything.optional(),
    ...expectation,
  }),
]);

const single = strictObject({
  name: z.string().min(1, 'an empty name'),
  call,
  state: z.array(counterState).optional(),
  ...expectation,
  expect: verdict,
});

/** Without its own `expect` a call of a sequence may end anyhow; the case's is the last one's. */
const sequence = strictObject({
  name: z.string().min(1, 'an empty name'),
  calls: z.array(step).min(1, withHint('an empty `calls`', 'write at least one call')),
  state: z.array(counterState).optional(),
  ...expectation,
}).refine(
  ({ calls, expect }) => expect !== undefined || calls.some((one) => one.expect !== undefined),
  withHint('nothing is expected', 'write `expect` beside a call or beside `calls`'),
);

export const testFile = strictObject({
  policy: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .meta({ description: 'The policy under test, or all of a grant’s; relative to this file.' }),
  catalogue: z.string().optional().meta({ description: 'Category, severity and schema of the tools.' }),
  cases: z.array(z.union([single, sequence])).min(1, 'no cases'),
}).meta({ title: 'Sallyport policy tests' });

type RawTestFile = z.output<typeof testFile>;
export type RawCase = RawTestFile['cases'][number];
