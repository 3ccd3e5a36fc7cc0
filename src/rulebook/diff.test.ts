import { describe, expect, it } from 'vitest';
import { diffPolicies } from './diff.ts';

function diff(a: string, b: string): string[] {
  const result = diffPolicies(
    { file: 'a.yaml', text: `version: "1"\n${a}` },
    { file: 'b.yaml', text: `version: "1"\n${b}` },
  );
  if ('errors' in result) return result.errors.map((error) => error.message);
  return result.changes.map(
    ({ tool, server, before, after, added, removed }) =>
      `${tool}${server === undefined ? '' : ` on ${server}`}: ${before} → ${after} +${added.length} -${removed.length}`,
  );
}

describe('the difference of two policies', () => {
  it('is none where only the writing differs', () => {
    expect(
      diff(
        'default: deny\n# desk\ntools: { a: {}, b: { rate_limit: { max: 1.0, window: 60 } } }',
        'tools: { b: { rate_limit: { window: 60, max: 1 } }, a: { action: allow } }\ndefault: deny\ndescription: x',
      ),
    ).toEqual([]);
  });

  it.each([
    ['default: deny\ntools: { a: {} }', 'default: deny\ntools: { a: { action: deny } }', ['a: allowed → denied +0 -0']],
    ['default: deny\ntools: { a: {} }', 'default: deny\nhide: [a]', ['a: allowed → hidden +0 -0']],
    [
      'default: deny\ntools: { a: {} }',
      'default: deny\ntools: { "*": {} }',
      ['*: not listed → allowed +0 -0', '(any other tool): not listed → allowed +0 -0'],
    ],
    ['default: deny', 'default: allow', ['(any other tool): not listed → allowed +0 -0']],
    [
      'default: deny\ntools: { a: { limits: [{ max: 1, window: day }] } }',
      'default: deny\ntools: { a: { limits: [{ max: 2, window: day }] } }',
      ['a: allowed → allowed +1 -1'],
    ],
    [
      'default: deny\ntools: { a: {} }',
      'default: deny\ntools: { a: {} }\nservers: { s: { hide: [a] } }',
      ['a on s: allowed → hidden +0 -0'],
    ],
    [
      'default: deny\ntools: { a: {} }\nprompts: { allow: [x, y] }',
      'default: deny\ntools: { a: {} }\nprompts: { allow: [y, x], hide: [z] }\nservers: { s: { resources: { allow: [] } } }',
      ['(prompts): by rules → by rules +1 -0', '(resources) on s: as the default → by rules +1 -0'],
    ],
    [
      'default: deny\ntools: { a: { action: deny } }',
      'default: deny\ntools: { a: { action: deny, shadow: true } }',
      ['a: denied → allowed +1 -0'],
    ],
    [
      'default: deny\ntools: { a: {} }',
      'default: deny\nmode: shadow\ntools: { a: {} }',
      ['(the whole policy): enforced → in shadow +0 -0'],
    ],
  ])('%s | %s', (a, b, expected) => {
    expect(diff(a, b)).toEqual(expected);
  });

  it('is not told of policies with errors', () => {
    expect(diff('default: maybe', 'default: deny')).toEqual(['must be one of `deny`, `allow`']);
  });
});
