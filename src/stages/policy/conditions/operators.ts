/** Every operator of the language, in the order of the reference page. */
import { affix } from './affix.ts';
import { compare } from './compare.ts';
import { contains } from './contains.ts';
import { equals } from './equals.ts';
import { exists } from './exists.ts';
import { inCidr } from './in-cidr.ts';
import { length } from './length.ts';
import { matchesGlob } from './matches-glob.ts';
import { membership } from './membership.ts';
import type { Operator } from './operator.ts';
import { pathWithin } from './path-within.ts';
import { regex } from './regex.ts';
import { urlHostIn } from './url-host-in.ts';

export const operators: readonly Operator[] = [
  equals,
  membership,
  compare,
  exists,
  contains,
  affix,
  length,
  regex,
  matchesGlob,
  pathWithin,
  inCidr,
  urlHostIn,
];

export const operatorNames: readonly string[] = operators.flatMap((operator) => operator.names);

const byName = new Map(operators.flatMap((operator) => operator.names.map((name) => [name, operator] as const)));

export function operatorNamed(name: string): Operator | undefined {
  return byName.get(name);
}
