import { describe, expect, it } from 'vitest';
import type { PolicySet } from '../../domain/policy.ts';
import { loadPolicy } from '../../rulebook/load.ts';
import { noPolicy } from './compile.ts';
import { hidesAny, showsPrompt, showsResource } from './listing.ts';
import { hasExpressions } from './pin-check.ts';

function policyOf(...documents: object[]): PolicySet {
  const loaded = loadPolicy(
    documents.map((document, i) => ({
      file: `${'abc'[i]}.json`,
      text: JSON.stringify({ version: '1', default: 'allow', ...document }),
    })),
  );
  if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
  return loaded.policy;
}

describe('whether anything of a kind could be hidden', () => {
  it.each([
    ['by nothing but an open default', [{}], 'prompts', false],
    ['by a closed default', [{ default: 'deny' }], 'prompts', true],
    ['by a glob that hides', [{ prompts: { hide: ['x*'] } }], 'prompts', true],
    ['by a glob of the other kind', [{ resources: { hide: ['x*'] } }], 'prompts', false],
    ['by a list of what is allowed', [{ resources: { allow: ['*'] } }], 'resources', true],
    ['by an empty list of what is hidden', [{ resources: { hide: [] } }], 'resources', false],
    ['by one document of two', [{}, { prompts: { hide: ['x'] } }], 'prompts', true],
    ['by a document in shadow', [{}, { mode: 'shadow', prompts: { hide: ['x'] } }], 'prompts', false],
    ['by the block of the server', [{ servers: { s: { prompts: { hide: ['x'] } } } }], 'prompts', true],
    ['by the block of another server', [{ servers: { t: { prompts: { hide: ['x'] } } } }], 'prompts', false],
    ['by a block that says nothing of it', [{ servers: { s: { tools: {} } } }], 'prompts', false],
    ['by the default of the server', [{ servers: { s: { default: 'deny' } } }], 'resources', true],
    [
      'by the outer default, which the server’s replaces',
      [{ default: 'deny', servers: { s: { default: 'allow' } } }],
      'resources',
      false,
    ],
  ] as const)('%s', (_by, documents, kind, hides) => {
    expect(hidesAny(policyOf(...documents), 's', kind)).toBe(hides);
  });

  it('by the absence of a policy', () => {
    expect(hidesAny(noPolicy, 's', 'prompts')).toBe(true);
  });
});

describe('a spelling', () => {
  const policy = policyOf({ prompts: { hide: ['memo:plan'] }, resources: { hide: ['memo:plan'] } });

  it('is of a URI, not of a name', () => {
    expect(showsResource(policy, 's', 'Memo:plan')).toBe(false);
    expect(showsPrompt(policy, 's', 'Memo:plan')).toBe(true);
  });

  it('hides nothing by being unusual', () => {
    expect(showsResource(policy, 's', 'Memo:pl%61ns')).toBe(true);
  });
});

describe('whether a policy has expressions', () => {
  const expression = { require: [{ conditions: [{ cel: 'args.a == 1.0' }] }] };
  it.each([
    [[{}], false],
    [[{ tools: { a: {} } }], false],
    [[{ tools: { a: {}, b: expression } }], true],
    [[{}, { servers: { s: { tools: { b: expression } } } }], true],
  ] as const)('%j', (documents, has) => {
    expect(hasExpressions(policyOf(...documents))).toBe(has);
  });
});
