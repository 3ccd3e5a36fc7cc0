/** What the older tool did otherwise, said by `policy check` where a document could notice. */
import type { PolicyProblem } from '../domain/policy-document.ts';
import { pointerPart } from '../platform/source-document.ts';
import { everyTool, type OlderPolicy, type OlderRule } from './older-schema.ts';

export interface Difference {
  readonly name: string;
  /** For the check and the reference page: what holds here, and what the older tool did. */
  readonly message: string;
  /** Where in a rule it shows; undefined where it does not. */
  readonly shows?: (rule: OlderRule) => string | undefined;
  /** Whether it shows in the name of a tool, or in one that is hidden. */
  readonly named?: (name: string) => boolean;
}

const strict = new Set(['eq', 'neq', 'in', 'not_in']);

function conditionWhere(rule: OlderRule, wanted: (op: string, path: string) => boolean): string | undefined {
  const i = (rule.conditions ?? []).findIndex(({ op, path }) => wanted(op, path));
  return i < 0 ? undefined : `/conditions/${i}`;
}

export const differences: readonly Difference[] = [
  {
    name: 'equality across types',
    message: 'values of different types are an error that refuses; the older tool held "1" equal to 1',
    shows: (rule) => conditionWhere(rule, (op) => strict.has(op)),
  },
  {
    name: 'null',
    message: 'null is a value that is present; the older tool took null as absent',
    shows: (rule) => conditionWhere(rule, (op, path) => op === 'exists' && !path.startsWith('state.')),
  },
  {
    name: 'wrong types',
    message:
      'a value that the operator cannot take is an error that refuses and says so; the older tool let the condition fail',
    shows: (rule) => conditionWhere(rule, (op) => ['lt', 'lte', 'gt', 'gte', 'regex', 'contains'].includes(op)),
  },
  {
    name: 'numbers in quotes',
    message: 'a string that is a number counts as that number; the older tool let the condition fail',
    shows: (rule) =>
      conditionWhere(rule, (op, path) => ['lt', 'lte', 'gt', 'gte'].includes(op) && !path.startsWith('state.')),
  },
  {
    name: 'amounts',
    message:
      'amounts are exact decimals, and a negative one refuses; the older tool cut them to whole numbers and let negative ones give quota back',
    shows: (rule) => (rule.state?.increment_from === undefined ? undefined : '/state/increment_from'),
  },
  {
    name: 'give-back',
    message:
      'quota is given back only when the call surely did not happen; the older tool gave it back on every JSON-RPC error, into whatever window was running',
    shows: (rule) =>
      rule.state === undefined ? (typeof rule.rate_limit === 'string' ? '/rate_limit' : undefined) : '/state',
  },
  {
    name: 'whose counters',
    message: 'counters are the grant’s; the older tool shared them among all callers of one state database',
    shows: (rule) =>
      rule.state === undefined ? (typeof rule.rate_limit === 'string' ? '/rate_limit' : undefined) : '/state',
  },
  {
    name: 'state without a bound',
    message: 'a `state` that no condition of its rule bounds counts nothing, here as there',
    shows: (rule) =>
      rule.state !== undefined && !(rule.conditions ?? []).some(({ path }) => path.endsWith(`.${rule.state?.counter}`))
        ? '/state'
        : undefined,
  },
  {
    name: 'conditions of a denial',
    message: '`action: deny` denies every call; its conditions, limits and state never mattered',
    shows: (rule) =>
      rule.action === 'deny' && (rule.conditions ?? rule.rate_limit ?? rule.state) !== undefined
        ? '/action'
        : undefined,
  },
  {
    name: 'globs',
    message:
      '`*` and `?` in a name match any run and any one character; the older tool took them literally, except for `*` alone',
    named: (name) => /[*?]/.test(name),
  },
];

/** Said of every document: nothing in it shows them. */
export const differencesAlways: readonly string[] = [
  'a call that cannot be read in one way only (no JSON, a batch, doubled or case-variant keys, arguments that are no object) is refused before any rule; the older tool sent it on unjudged',
  'an unknown key is an error; the older tool ignored it, so that a misspelt rule was no rule',
];

/** The first place of each difference, and how many show it. */
export function differencesOf(raw: OlderPolicy): PolicyProblem[] {
  const found: PolicyProblem[] = [];
  for (const difference of differences) {
    const { message } = difference;
    const places = [...namesWhere(raw, difference), ...rulesWhere(raw, difference)];
    const [first] = places;
    if (first === undefined) continue;
    const more = places.length === 1 ? '' : ` (${places.length} places)`;
    found.push({ pointer: first, message: `older dialect: ${message}${more}` });
  }
  for (const message of differencesAlways) found.push({ pointer: '', message: `older dialect: ${message}` });
  return found;
}

function namesWhere({ hide = [], tools }: OlderPolicy, { named }: Difference): string[] {
  if (named === undefined) return [];
  return [
    ...hide.flatMap((name, i) => (named(name) ? [`/hide/${i}`] : [])),
    ...Object.keys(tools).flatMap((name) => (name !== everyTool && named(name) ? [`/tools/${pointerPart(name)}`] : [])),
  ];
}

function rulesWhere({ tools }: OlderPolicy, { shows }: Difference): string[] {
  if (shows === undefined) return [];
  return Object.entries(tools).flatMap(([tool, { rules }]) =>
    rules.flatMap((rule, i) => {
      const place = shows(rule);
      return place === undefined ? [] : [`/tools/${pointerPart(tool)}/rules/${i}${place}`];
    }),
  );
}
