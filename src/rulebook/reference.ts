/** The reference page and the JSON Schema, made from the code that decides. A test says when the files are not current. */
import * as z from 'zod';
import { decimalExponentMax, decimalTextLengthMax } from '../domain/decimal.ts';
import { SCOPES } from '../domain/policy.ts';
import { depthMax, jsonBytesMax, yamlBytesMax } from '../platform/source-document.ts';
import {
  comprehensionNestingMax,
  expressionLengthMax,
  listMax,
  nestedListMax,
} from '../stages/policy/conditions/cel.ts';
import { loopCostMax } from '../stages/policy/conditions/cel-loops.ts';
import { operators } from '../stages/policy/conditions/operators.ts';
import { schemaDepthMax, subschemasMax } from '../stages/policy/json-schema.ts';
import { fractionDigitsMax, integerDigitsMax } from '../stages/policy/limit-demand.ts';
import { pathRoots } from '../stages/policy/path.ts';
import { reasonKinds } from '../stages/policy/reasons.ts';
import { programSizeMax, searchCostMax } from '../stages/policy/safe-pattern.ts';
import { lints } from './lints/lints.ts';
import { differences, differencesAlways } from './older-differences.ts';
import { olderDocument } from './older-schema.ts';
import { condition, conditionForms, policyDocument } from './schema.ts';
import { testFile } from './test-file.ts';

type JsonSchema = { [key: string]: unknown };

/** For editors: `# yaml-language-server: $schema=…` as the first line of a policy. */
export function policyJsonSchema(): JsonSchema {
  const { $schema, $defs, title, description, ...policy } = jsonSchemaOf(policyDocument);
  const { $schema: _, ...older } = jsonSchemaOf(olderDocument);
  return {
    $schema,
    title,
    description,
    if: writtenInOlder,
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: { $ref: '#/$defs/older' },
    else: { $ref: '#/$defs/policy' },
    $defs: { policy, older, ...($defs as JsonSchema) },
  };
}

/** Some tool has `rules`, as the loader tells the dialects apart. */
const writtenInOlder: JsonSchema = {
  type: 'object',
  required: ['tools'],
  properties: {
    tools: { type: 'object', not: { additionalProperties: { not: { type: 'object', required: ['rules'] } } } },
  },
};

export function testJsonSchema(): JsonSchema {
  return jsonSchemaOf(testFile);
}

/** `forms`: the condition's own forms are being made, so that inside them it is a reference only. */
function jsonSchemaOf(schema: z.ZodType, forms = false): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema }) {
      const written = z.globalRegistry.get(zodSchema)?.['jsonSchema'] as JsonSchema | undefined;
      const made = jsonSchema as JsonSchema;
      if (!forms && (zodSchema as unknown) === condition) Object.assign(made, conditionJsonSchema());
      if (written !== undefined) Object.assign(made, written);
      delete made['jsonSchema'];
    },
  }) as JsonSchema;
}

/** The forms of a condition; what they refer to has its place in the whole document. */
function conditionJsonSchema(): JsonSchema {
  const { $defs: _defs, $schema: _schema, ...made } = jsonSchemaOf(conditionForms, true);
  return made;
}

export function referencePage(): string {
  const schema = jsonSchemaOf(policyDocument);
  const definitions = (schema['$defs'] ?? {}) as Record<string, JsonSchema>;
  const servers = inside(schema, 'properties', 'servers', 'additionalProperties');
  const entry = definitions['entry'] ?? {};
  return [
    '# Policy reference',
    '<!-- Made from the code by src/rulebook/reference.ts; do not edit. `npm run docs` writes it anew. -->',
    'The guide is [policy.md](../guide/policy.md); errors of files are in [policy-errors.md](policy-errors.md). The JSON Schema for editors is [policy.schema.generated.json](policy.schema.generated.json); the one of test files is [policy-test.schema.generated.json](policy-test.schema.generated.json).',
    '## Document',
    keyTable(schema),
    '### `servers.<id>`',
    'Entries for one server behind a shared endpoint. Restrictions of both levels apply; `default` replaces the outer one. Names are the server’s own.',
    keyTable(servers),
    '## Entry',
    'Under `tools.<name or glob>`, `categories.<category or severity>` and `all_tools`.',
    keyTable(entry),
    '### A rule of `require` and `deny_if`',
    keyTable(inside(entry, 'properties', 'deny_if', 'items')),
    '### `rate_limit`',
    keyTable(inside(entry, 'properties', 'rate_limit')),
    '### An item of `limits`',
    keyTable(inside(entry, 'properties', 'limits', 'items')),
    `\`per\` is one or a list of ${SCOPES.map((scope) => `\`${scope}\``).join(', ')}. \`rate_limit\` counts per \`session\` and tool unless told otherwise, \`limits\` per \`grant\`. \`policy\` is the file that the limit stands in, by its path: gateways that are to count it together have it at the same path.`,
    '### `approval`',
    keyTable(inside(entry, 'properties', 'approval')),
    '### `inspect`',
    keyTable(inside(entry, 'properties', 'inspect')),
    '## Conditions',
    'A list holds where all its members hold. `any`, `all` and `not` combine; `cel` is an expression.',
    table(
      ['form', 'holds where'],
      [
        ['`{path, op, value}`', 'the operator says so of the value at the path'],
        ['`{any: […]}`', 'one member holds; members whose path is missing are ignored'],
        ['`{all: […]}`', 'every member holds'],
        ['`{not: {…}}`', 'the member fails; a missing path stays missing, an error stays an error'],
        ['`{cel: "…"}`', 'the expression is true; anything but true and false is an error'],
      ],
    ),
    '### Paths',
    table(
      ['path', 'members'],
      Object.entries(pathRoots).map(([root, members]) => [
        `\`${root}.\``,
        members === 'free'
          ? root === 'result'
            ? 'any; in `inspect` only'
            : 'any'
          : members.map((m) => `\`${m}\``).join(' '),
      ]),
    ),
    'Steps are `.name`, `[0]`, `[*]` and `["any name"]`. A step into null is missing; a step into a value that has no such part is an error.',
    '### Operators',
    table(
      ['operator', 'value', 'takes', 'meaning'],
      operators.map(({ names, reference: { operand, takes, meaning } }) => [
        names.map((name) => `\`${name}\``).join(' '),
        operand,
        takes,
        meaning,
      ]),
    ),
    '## What a refusal says',
    'Unless `on_deny` or `reason` says it in your words. A reason never holds a value of the call.',
    table(
      ['sentence', 'because', 'what to do'],
      reasonKinds.map(({ sentence, meaning, fix }) => [sentence, meaning, fix]),
    ),
    '## What `policy check` warns of',
    table(
      ['lint', 'meaning'],
      lints.map(({ name, meaning }) => [name, meaning]),
    ),
    '## The older `rules:` dialect',
    'Read into the same form. What is done otherwise, and said by `policy check`:',
    [
      ...differences.map(({ name, message }) => `- ${name}: ${message}`),
      ...differencesAlways.map((text) => `- ${text}`),
    ].join('\n'),
    '## Bounds',
    table(
      ['what', 'at most'],
      [
        ['a YAML file', `${yamlBytesMax} bytes`],
        ['a JSON file', `${jsonBytesMax} bytes`],
        ['nesting', `${depthMax} levels`],
        ['a number in a comparison', `${decimalTextLengthMax} characters, exponent within ±${decimalExponentMax}`],
        ['an amount or `max`', `${integerDigitsMax} digits before the point, ${fractionDigitsMax} after it`],
        [
          'a pattern',
          `${programSizeMax} steps; steps × characters searched ${searchCostMax}, all elements of \`[*]\` together`,
        ],
        ['an expression', `${expressionLengthMax} characters, comprehensions ${comprehensionNestingMax} deep`],
        ['a list in a comprehension', `${listMax} elements; ${nestedListMax} where two are nested`],
        ['what a comprehension reads besides its element', `elements × characters and members ${loopCostMax}`],
        ['a schema for `arguments: schema`', `${subschemasMax} parts, ${schemaDepthMax} levels`],
      ],
    ),
  ]
    .join('\n\n')
    .concat('\n');
}

function inside(schema: JsonSchema, ...path: string[]): JsonSchema {
  let current: unknown = schema;
  for (const part of path) current = (current as JsonSchema | undefined)?.[part];
  return (current ?? {}) as JsonSchema;
}

function keyTable(schema: JsonSchema): string {
  const properties = (schema['properties'] ?? {}) as Record<string, JsonSchema>;
  const required = (schema['required'] ?? []) as readonly string[];
  return table(
    ['key', 'type', 'meaning'],
    Object.entries(properties).map(([key, member]) => [
      `\`${key}\`${required.includes(key) ? ' (required)' : ''}`,
      typeText(member),
      typeof member['description'] === 'string' ? member['description'] : '',
    ]),
  );
}

function typeText(schema: JsonSchema): string {
  if (Array.isArray(schema['type']))
    return (schema['type'] as string[]).map((type) => typeNames[type] ?? type).join(' or ');
  if (typeof schema['$ref'] === 'string') return schema['$ref'].split('/').at(-1) ?? 'any';
  if ('const' in schema) return `\`${JSON.stringify(schema['const'])}\``;
  if (Array.isArray(schema['enum'])) return (schema['enum'] as unknown[]).map((v) => `\`${String(v)}\``).join(' ');
  const options = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(options)) return [...new Set((options as JsonSchema[]).map(typeText))].join(' or ');
  if (schema['type'] === 'array') return `list of ${typeText((schema['items'] ?? {}) as JsonSchema)}`;
  if (schema['type'] === 'object') return 'mapping';
  return typeof schema['type'] === 'string' ? (typeNames[schema['type']] ?? schema['type']) : 'any value';
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  integer: 'whole number',
};

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
