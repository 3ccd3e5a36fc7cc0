/** `exists`: whether the value is there at all. null is there; "given and not null" is `neq null`. */
import type { Operator } from './operator.ts';

export const exists: Operator = {
  names: ['exists'],
  reference: {
    operand: 'true (the default) or false',
    takes: 'anything, and nothing',
    meaning: 'present, or with `value: false` absent; null is present',
  },
  compile(op, operand) {
    const wanted = operand ?? true;
    if (typeof wanted !== 'boolean') return { error: `\`${op}\` needs true or false as \`value\`` };
    return {
      holds: wanted ? 'is given' : 'is not given',
      test: () => wanted,
      whenMissing: !wanted,
    };
  },
};
