/** `matches_glob`: `*` and `?` over the whole string. A `..` segment is an error: globs are written for paths and names. */
import type { JsonValue } from '../../../domain/json.ts';
import { globMatcher } from '../names.ts';
import { jsonType } from '../values.ts';
import { type Operator, shown, stringList } from './operator.ts';

const patternLengthMax = 1_000;
/** Pieces with `?` are tried at every offset. */
const searchCostMax = 20_000_000;

export const matchesGlob: Operator = {
  names: ['matches_glob'],
  reference: {
    operand: 'a glob, or a list of which one must match',
    takes: 'a string without a `..` segment',
    meaning: '`*` is any run of characters, `/` included, `?` any one; the whole string, case-sensitive',
  },
  compile(op, operand) {
    const globs = stringList(operand);
    if (globs === undefined) return { error: `\`${op}\` needs a glob, or a list of globs, as \`value\`` };
    if (globs.some((glob) => glob.length > patternLengthMax)) {
      return { error: `a glob may have ${patternLengthMax} characters` };
    }
    const matchers = globs.map(globMatcher);
    const cost = globs.reduce((sum, glob) => sum + (glob.includes('?') ? glob.length : 1), 0);
    return {
      holds: `matches ${shown(globs.join(' or '))}`,
      test(seen: JsonValue): boolean | string {
        if (typeof seen !== 'string') return `is ${jsonType(seen)}, and \`${op}\` needs a string`;
        if (parentSegment.test(seen)) return 'has a `..` segment';
        if (seen.length * cost > searchCostMax) return 'is too long for this glob';
        return matchers.some((matches) => matches(seen));
      },
      // Without `?` a glob is looked for in one pass.
      cost: (seen) => (typeof seen === 'string' && cost > globs.length ? seen.length * cost : 0),
    };
  },
};

const parentSegment = /(?:^|[/\\])\.\.(?:[/\\]|$)/;
