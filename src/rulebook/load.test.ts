import { describe, expect, it } from 'vitest';
import { formatDiagnostic } from '../domain/diagnostic.ts';
import { JsonNumber } from '../domain/json.ts';
import { compilePolicy } from '../stages/policy/compile.ts';
import { loadPolicy } from './load.ts';
import { readPolicyDocument } from './read.ts';
import { durationMs, limitWindow } from './windows.ts';

function hashOf(...texts: string[]): string {
  const loaded = loadPolicy(texts.map((text, i) => ({ file: `${i}.yaml`, text: `version: "1"\n${text}` })));
  if ('errors' in loaded) throw new Error(loaded.errors.map(formatDiagnostic).join('\n'));
  return loaded.policy.hash;
}

/** A list of such parts where it belongs. */
function entryOf(form: string, list: string): string {
  if (form.includes('pattern')) return `{ inspect: { redact: [${list}] } }`;
  return form.includes('max') ? `{ limits: [${list}] }` : `{ require: [{ conditions: [${list}] }] }`;
}

describe('loading', () => {
  it('says the errors of every file', () => {
    const loaded = loadPolicy([
      { file: 'a.yaml', text: 'version: "1"\ndefault: maybe\n' },
      { file: 'b.yaml', text: 'version: "1"\ndefault: deny\n' },
      {
        file: 'c.yaml',
        text: 'version: "1"\ndefault: deny\ntools: { x: { require: [{ conditions: [{ path: arg.x, op: exists }] }] } }\n',
      },
    ]);
    expect('errors' in loaded && loaded.errors.map((error) => error.file)).toEqual(['a.yaml', 'c.yaml']);
  });

  it('compiles no more of a file than the mistakes that are said', () => {
    const wrong = (form: string): number => {
      const rules = Array.from({ length: 300 }, (_, i) => form.replace('%', String(i))).join(', ');
      const { loaded } = readPolicyDocument(
        'a.yaml',
        `version: "1"\ndefault: deny\ntools: { x: ${entryOf(form, rules)} }\n`,
      );
      const compiled = compilePolicy(loaded === undefined ? [] : [loaded.document], '', 100);
      return 'problems' in compiled ? compiled.problems.length : 0;
    };
    expect(wrong('{ path: args.x, op: regex, value: "(%" }')).toBe(100);
    expect(wrong('{ cel: "args.x.matches(\'(%\')" }')).toBe(100);
    expect(wrong('{ pattern: { regex: "(%" } }')).toBe(100);
    expect(wrong('{ max: 1, window: day, amount: { cel: "args.x >%" } }')).toBe(100);
  });

  it('is refused without a file', () => {
    const loaded = loadPolicy([]);
    expect('errors' in loaded && loaded.errors.map(formatDiagnostic)).toEqual([
      '(none):1:1: no policy file is named; name one',
    ]);
  });

  it('warns of a block for a server that the grant does not serve', () => {
    const text = 'version: "1"\ndefault: deny\nservers:\n  binanc: { default: allow }\n  github: {}\n';
    const loaded = loadPolicy([{ file: 'a.yaml', text }], { servers: ['binance', 'github'] });
    expect(loaded.warnings.map(formatDiagnostic)).toEqual([
      'a.yaml:4:3: the grant serves no server `binanc`; it serves `binance`, `github`',
    ]);
    expect(loadPolicy([{ file: 'a.yaml', text }]).warnings).toEqual([]);
  });

  it('knows each document by its content', () => {
    const loaded = loadPolicy([
      { file: 'a.yaml', text: 'version: "1"\ndefault: deny\nmode: shadow\n' },
      { file: 'b.json', text: '{"version":"1","default":"allow"}' },
    ]);
    if ('errors' in loaded) throw new Error('does not load');
    expect(loaded.policy.documents).toEqual([
      { file: 'a.yaml', mode: 'shadow', hash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string },
      { file: 'b.json', mode: 'enforce', hash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string },
    ]);
  });
});

describe('the hash of a policy', () => {
  const base = hashOf('default: deny\ntools: { a: { limits: [{ max: 10, window: 60 }] }, b: {} }');
  it('does not see comments, order, spelling of numbers and free text', () => {
    expect(
      hashOf('# desk\ntools: { b: {}, a: { limits: [{ window: 6e1, max: 10.0 }] } }\ndescription: x\ndefault: deny'),
    ).toBe(base);
  });

  it.each([
    'default: allow\ntools: { a: { limits: [{ max: 10, window: 60 }] }, b: {} }',
    'default: deny\ntools: { a: { limits: [{ max: 11, window: 60 }] }, b: {} }',
    'default: deny\ntools: { a: { limits: [{ max: 10, window: 60 }] } }',
    'default: deny\ntools: { a: { limits: [{ max: 10, window: 60 }] }, b: { reason: x } }',
  ])('sees that %j is another', (text) => {
    expect(hashOf(text)).not.toBe(base);
  });

  it('sees every document of the list', () => {
    expect(hashOf('default: deny', 'default: deny')).not.toBe(hashOf('default: deny'));
  });
});

describe('windows and durations', () => {
  it.each([
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    [new JsonNumber('60'), 60_000],
    [new JsonNumber('0.5'), 500],
    [new JsonNumber('1e2'), 100_000],
    [new JsonNumber('0.0005'), 'is finer than a millisecond'],
    [new JsonNumber('0'), 'must be more than 0'],
    [new JsonNumber('-5'), 'must be more than 0'],
    ['367d', 'is longer than 366 days'],
    [new JsonNumber('1e999'), 'is out of bounds'],
  ])('%s', (written, expected) => {
    const read = durationMs(written);
    if (typeof expected === 'number') expect(read).toEqual({ value: expected });
    else expect('error' in read && read.error).toContain(expected);
  });

  it.each([
    ['minute', 60_000],
    ['hour', 3_600_000],
    ['day', 86_400_000],
    ['week', 7 * 86_400_000],
    ['month', 31 * 86_400_000],
  ])('a sliding %s has a length', (name, ms) => {
    expect(limitWindow(name, undefined, 'UTC')).toEqual({ value: { window: { kind: 'sliding', ms }, text: name } });
    expect(limitWindow(name, 'calendar', 'Europe/Berlin')).toEqual({
      value: { window: { kind: 'calendar', unit: name, timezone: 'Europe/Berlin' }, text: name },
    });
  });
});
