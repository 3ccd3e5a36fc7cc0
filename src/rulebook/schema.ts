/**
 * The language as zod schemas: which keys there are, of which type, and what each is for. The JSON Schema for editors is
 * generated from here. What a value must mean (paths, patterns, ranges) is checked where it is compiled.
 */
import * as z from 'zod';
import { isJsonObject, JsonNumber, type JsonValue } from '../domain/json.ts';
import { CATEGORIES, SCOPES, SEVERITIES } from '../domain/policy.ts';
import { suggestion } from '../platform/did-you-mean.ts';
import { strictObject, withHint } from '../platform/yaml-document.ts';
import { operatorNames } from '../stages/policy/conditions/operators.ts';

const allow = 'write {} to allow';

/** A number with the text it was written with. */
export const exactNumber = z
  .custom<JsonNumber>((value) => value instanceof JsonNumber, 'expected a number')
  .meta({
    jsonSchema: { type: 'number' },
  });
const wholeNumber = z
  .custom<JsonNumber>((v) => v instanceof JsonNumber && /^[0-9]{1,15}$/.test(v.text), 'expected a whole number')
  .meta({ jsonSchema: { type: 'integer', minimum: 0 } });
const anyValue = z.custom<JsonValue>((value) => value !== undefined, 'expected a value').meta({ jsonSchema: {} });

const synonyms: Readonly<Record<string, string>> = {
  '=': 'eq',
  '==': 'eq',
  equals: 'eq',
  '!=': 'neq',
  ne: 'neq',
  not_equals: 'neq',
  '<': 'lt',
  '<=': 'lte',
  le: 'lte',
  '>': 'gt',
  '>=': 'gte',
  ge: 'gte',
  nin: 'not_in',
  startsWith: 'starts_with',
  endsWith: 'ends_with',
  match: 'regex',
  matches: 'regex',
  glob: 'matches_glob',
  cidr: 'in_cidr',
};

function synonym(written: string): string | undefined {
  const meant = Object.hasOwn(synonyms, written) ? synonyms[written] : undefined;
  return meant === undefined ? undefined : `did you mean \`${meant}\`?`;
}

function operatorError(issue: { readonly input?: unknown }): string {
  const { input } = issue;
  const all = `operators: ${operatorNames.join(', ')}`;
  if (typeof input !== 'string') return withHint('an operator is text', all);
  return withHint(`\`${input}\` is no operator`, synonym(input) ?? suggestion(input, operatorNames) ?? all);
}

const text = z.string().max(2_000, 'longer than 2000 characters');
const name = z.string().min(1, 'an empty name').max(256, 'longer than 256 characters');
const onDeny = text.min(1, 'an empty text').meta({ description: 'Shown to the agent when this rule refuses.' });

/** A path, a number, or an exact product or sum of such. */
type RawNumeric =
  | string
  | JsonNumber
  | { readonly product: readonly RawNumeric[] }
  | { readonly sum: readonly RawNumeric[] };
const numeric: z.ZodType<RawNumeric> = z
  .lazy(() =>
    z.union([
      z.string(),
      exactNumber,
      strictObject({ product: z.array(numeric).min(1, 'an empty list') }),
      strictObject({ sum: z.array(numeric).min(1, 'an empty list') }),
    ]),
  )
  .meta({ id: 'numeric' });

export type RawCondition =
  | { readonly path: RawNumeric; readonly op: string; readonly value?: JsonValue | undefined }
  | { readonly any: readonly RawCondition[] }
  | { readonly all: readonly RawCondition[] }
  | { readonly not: RawCondition }
  | { readonly cel: string };

const members = (key: string) =>
  z.array(z.lazy(() => condition)).min(1, withHint(`an empty \`${key}\``, 'write at least one condition'));

const test = strictObject({
  path: z
    .union([z.string(), numeric])
    .meta({ description: 'What is read, for example `args.quantity`, or an exact `{product: […]}` or `{sum: […]}`.' }),
  op: z.enum(operatorNames as [string, ...string[]], { error: operatorError }).meta({ description: 'The operator.' }),
  value: anyValue.optional().meta({ description: 'What it is compared with.', jsonSchema: {} }),
});

/** By the key that tells them apart; what has none of these keys is taken for a test that lacks its path. */
const forms = {
  path: test,
  any: strictObject({ any: members('any') }),
  all: strictObject({ all: members('all') }),
  not: strictObject({ not: z.lazy(() => condition) }),
  cel: strictObject({ cel: z.string().min(1, 'an empty expression') }),
};

/** For the JSON Schema: a union. */
export const conditionForms = z.union([forms.path, forms.any, forms.all, forms.not, forms.cel]);

/**
 * Not a union: a mistake in a union is told once a member of it, and a file of 40,000 mistakes would fill the memory
 * before the first of them is said.
 */
export const condition: z.ZodType<RawCondition> = z
  .custom<RawCondition>()
  .superRefine((value, context) => {
    const written = isJsonObject(value as JsonValue) ? Object.keys(value as object) : [];
    const form = formNames.find((name) => written.includes(name)) ?? 'path';
    const parsed = forms[form].safeParse(value);
    if (!parsed.success) for (const issue of parsed.error.issues) context.addIssue({ ...issue });
  })
  .meta({ id: 'condition' });

const formNames = Object.keys(forms) as (keyof typeof forms)[];

const rule = strictObject({
  conditions: z.array(condition).meta({ description: 'All must hold. An empty list always holds.' }),
  on_deny: onDeny.optional(),
});

const window = z
  .union([
    exactNumber,
    z.string().regex(/^(?:[1-9][0-9]{0,8}[smhd]|minute|hour|day|week|month)$/, {
      error: withHint(
        'not a window',
        'write seconds as a number, `30s`, `5m`, `1h`, `7d`, or minute, hour, day, week, month',
      ),
    }),
  ])
  .meta({ description: 'Seconds, `30s 5m 1h 7d`, or minute, hour, day, week, month.' });
const scope = z.enum(SCOPES);
const scopes = z.union([scope, z.array(scope).min(1, 'an empty list')]);
const decimal = z.union([exactNumber, z.string()]);

const limitShape = {
  max: decimal.meta({ description: 'The most that may fall inside any window; 0 or more.' }),
  window,
  per: scopes.optional().meta({ description: 'Whose calls are counted together.' }),
  scope: scopes.optional().meta({ description: 'The same as `per`.' }),
  align: z.enum(['sliding', 'calendar']).optional().meta({
    description: 'sliding (the default): any span of that length. calendar: the zone’s wall clock.',
  }),
  timezone: z.string().optional().meta({ description: 'IANA zone of `align: calendar`.' }),
  on_deny: onDeny.optional(),
};

const limit = strictObject({
  counter: name.optional().meta({ description: 'Equal counters and scopes share one log.' }),
  ...limitShape,
  amount: z
    .union([exactNumber, z.string(), numeric, strictObject({ cel: z.string().min(1, 'an empty expression') })])
    .optional()
    .meta({ description: 'How much one call counts: a number, a path, a product or sum, an expression. Default 1.' }),
});

const duration = z.union([
  exactNumber,
  z.string().regex(/^[1-9][0-9]{0,8}[smhd]$/, {
    error: withHint('not a duration', 'write seconds as a number, or `30s`, `15m`, `1h`, `7d`'),
  }),
]);

const approval = strictObject({
  if: z
    .array(condition)
    .min(1, withHint('an empty `if`', 'leave `if` out to ask always'))
    .optional()
    .meta({ description: 'Asks where all hold, and where a path is missing; always where absent.' }),
  approvers: z.array(name).optional().meta({ description: 'Names or `group:x`; any approver where absent.' }),
  quorum: wholeNumber.optional().meta({ description: 'How many persons must say yes; 1 where absent.' }),
  expires: duration.optional().meta({ description: 'How long the question stands; 15m where absent.' }),
  valid_for: duration.optional().meta({ description: 'How long a yes may be used; 10m where absent.' }),
  hold: duration.optional().meta({ description: 'How long the call waits, 0 to 55 s; 45s where absent.' }),
});

const redact = z.union([
  strictObject({ path: z.string() }),
  strictObject({
    pattern: z.union([z.enum(['secrets', 'cards', 'emails']), strictObject({ regex: z.string().min(1) })], {
      error: withHint('no known pattern', 'write `secrets`, `cards`, `emails` or {regex: "…"}'),
    }),
  }),
]);

const inspect = strictObject({
  redact: z.array(redact).optional().meta({
    description:
      '`{path: result.…}`, or `{pattern: secrets \\| cards \\| emails \\| {regex}}`; the text becomes `[redacted]`.',
  }),
  strip: z
    .array(z.enum(['invisible', 'terminal']))
    .optional()
    .meta({ description: 'Characters that nobody sees, sequences that drive a terminal.' }),
  max_bytes: wholeNumber.optional().meta({ description: 'Above it the result is withheld, never cut.' }),
  deny_if: z.array(rule).optional().meta({ description: 'Withheld where one holds; `result.` may be read.' }),
});

const entryShape = {
  action: z
    .enum(['allow', 'deny', 'require_approval'])
    .optional()
    .meta({ description: 'allow (the default), deny, or require_approval.' }),
  reason: text.optional().meta({ description: 'Shown to the agent when this entry refuses.' }),
  rate_limit: strictObject(limitShape)
    .optional()
    .meta({ description: 'At most `max` calls of each tool in any `window`, per agent session.' }),
  arguments: z.literal('schema').optional().meta({ description: 'The call must fit the pinned inputSchema.' }),
  require: z.array(rule).optional().meta({ description: 'Each must hold.' }),
  deny_if: z.array(rule).optional().meta({ description: 'None may hold.' }),
  limits: z.array(limit).optional().meta({ description: 'All are reserved together, or none.' }),
  approval: approval.optional().meta({ description: 'The terms of `action: require_approval`.' }),
  inspect: inspect.optional().meta({ description: 'What is done to the reply.' }),
  shadow: z.boolean().optional().meta({ description: 'This entry only watches.' }),
};

const entry = strictObject(entryShape, allow).meta({ id: 'entry' });
const groupNames = [...CATEGORIES, ...SEVERITIES] as const;
const categories = strictObject(Object.fromEntries(groupNames.map((group) => [group, entry.optional()])));

const nameRules = strictObject({ allow: z.array(name).optional(), hide: z.array(name).optional() });

const levelShape = {
  description: z.string().optional().meta({ description: 'Free text.' }),
  hide: z.array(name).optional().meta({ description: 'Names or globs of tools that do not exist for this caller.' }),
  all_tools: entry.optional().meta({ description: 'Applies to every tool; lists none.' }),
  categories: categories.optional().meta({
    description:
      'By category (financial, destructive, execute, write, read) or severity (low, medium, high, critical).',
  }),
  tools: z.record(name, entry).optional().meta({ description: 'A name, or a glob with `*` and `?`. {} allows.' }),
  prompts: nameRules
    .optional()
    .meta({ description: 'Over names. Where `allow` is written, only these; else as `default`.' }),
  resources: nameRules.optional().meta({
    description:
      'Over the URIs of resources and templates; as `prompts`. No URI with a `.` or `..` segment fits; what is hidden is hidden in every spelling of its scheme, host and letters.',
  }),
};

const defaults = z.enum(['deny', 'allow']);
const timezone = z.string().optional().meta({ description: 'IANA name; UTC where absent.' });

export const policyDocument = strictObject({
  version: z
    .literal('1', { error: withHint('the version must be "1"', 'write `version: "1"`, in quotes') })
    .meta({ description: 'The language’s version.' }),
  default: defaults.meta({ description: 'For tools that no entry lists: deny or allow.' }),
  mode: z
    .enum(['enforce', 'shadow'])
    .optional()
    .meta({ description: 'shadow decides and records, and refuses nothing.' }),
  timezone,
  ...levelShape,
  servers: z
    .record(
      z.string().regex(/^[a-z0-9-]{1,40}$/, 'a server id has 1 to 40 of a-z, 0-9 and -'),
      strictObject({ default: defaults.optional(), timezone, ...levelShape }),
    )
    .optional()
    .meta({ description: 'Entries for one server behind a shared endpoint.' }),
}).meta({ title: 'Sallyport policy', description: 'What an agent may do.' });

export type RawPolicy = z.output<typeof policyDocument>;
export type RawLevel = Omit<RawPolicy, 'version' | 'default' | 'mode' | 'servers'> & {
  readonly default?: 'deny' | 'allow' | undefined;
};
export type RawEntry = z.output<typeof entry>;
export type RawRule = z.output<typeof rule>;
export type RawLimit = z.output<typeof limit>;
export type RawRateLimit = NonNullable<RawEntry['rate_limit']>;
export type RawApproval = z.output<typeof approval>;
export type RawInspect = z.output<typeof inspect>;
