/** The older dialect, `rules:` under a tool, as it was published, with the forms that catalogues printed of it. */
import * as z from 'zod';
import { isJsonObject, type JsonValue } from '../domain/json.ts';
import { strictObject, withHint } from '../platform/yaml-document.ts';
import { exactNumber } from './schema.ts';

const text = z.string().min(1, 'an empty text').max(2_000, 'longer than 2000 characters');
const windowName = z.enum(['minute', 'hour', 'day']);

const olderOperators = ['eq', 'neq', 'in', 'not_in', 'lt', 'lte', 'gt', 'gte', 'regex', 'contains', 'exists'] as const;

const olderCondition = strictObject({
  path: z.string().min(1, 'an empty path'),
  op: z.enum(olderOperators),
  value: z.custom<JsonValue>((value) => value !== undefined, 'expected a value').optional(),
});

const olderRule = strictObject({
  name: text.optional(),
  action: z
    .enum(['evaluate', 'deny', 'allow'], {
      error: withHint(
        '`action` under `rules:` is evaluate, deny or allow',
        'write the tool without `rules:` to ask for approval',
      ),
    })
    .optional(),
  rate_limit: z
    .union(
      [
        z.string().regex(/^[1-9][0-9]{0,14}\/(?:minute|hour|day)$/, {
          error: withHint('not a rate', 'write `10/minute`, `10/hour` or `10/day`'),
        }),
        strictObject({ max: exactNumber, window: exactNumber }),
      ],
      { error: withHint('not a rate', 'write `10/hour`, or `{max: 10, window: 60}` with seconds') },
    )
    .optional(),
  conditions: z.array(olderCondition).optional(),
  on_deny: text.optional(),
  reason: text.optional(),
  validate: strictObject({ required_args: z.boolean() }).optional(),
  state: strictObject({
    counter: text,
    window: windowName,
    increment: exactNumber.optional(),
    increment_from: z.string().optional(),
  }).optional(),
});

/** Under `tools`: what applies to every tool and lists none. */
export const everyTool = '*';

export const olderDocument = strictObject({
  version: z.literal('1', { error: withHint('the version must be "1"', 'write `version: "1"`, in quotes') }),
  description: z.string().optional(),
  default: z.enum(['allow', 'deny']),
  hide: z.array(z.string().min(1, 'an empty name')).optional(),
  tools: z.record(
    z.string().min(1, 'an empty name'),
    // `{}` lists a tool here as in the new dialect.
    strictObject({ rules: z.array(olderRule).default([]) }, 'write {rules: []} to allow'),
  ),
});

export type OlderPolicy = z.output<typeof olderDocument>;
export type OlderRule = z.output<typeof olderRule>;
export type OlderCondition = z.output<typeof olderCondition>;

/** Whether a document is written in this dialect: some tool has `rules`. */
export function isOlder(value: JsonValue): boolean {
  const tools = isJsonObject(value) ? value['tools'] : undefined;
  return isJsonObject(tools) && Object.values(tools).some((tool) => isJsonObject(tool) && 'rules' in tool);
}

/** Keys of this language that a document with `rules:` may not have, and where they stand. */
export function mixedKeys(value: JsonValue): { readonly path: readonly string[]; readonly key: string }[] {
  if (!isJsonObject(value)) return [];
  const newer = ['mode', 'timezone', 'all_tools', 'categories', 'prompts', 'resources', 'servers'];
  const found = newer.filter((key) => key in value).map((key) => ({ path: [key], key }));
  const tools = value['tools'];
  if (!isJsonObject(tools)) return found;
  for (const [name, tool] of Object.entries(tools)) {
    if (!isJsonObject(tool)) continue;
    const keys = Object.keys(tool).filter((key) => entryKeys.includes(key));
    found.push(...keys.map((key) => ({ path: ['tools', name, key], key })));
  }
  return found;
}

const entryKeys = [
  'action',
  'reason',
  'rate_limit',
  'arguments',
  'require',
  'deny_if',
  'limits',
  'approval',
  'inspect',
  'shadow',
];
