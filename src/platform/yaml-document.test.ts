import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { formatDiagnostic } from '../domain/diagnostic.ts';
import { jsonText } from '../domain/json.ts';
import { jsonBytesMax, type SourceDocument, yamlBytesMax } from './source-document.ts';
import { readSource, readYaml, strictObject, withHint } from './yaml-document.ts';

function said(text: string, file = 'f.yaml'): string[] {
  const read = readSource(file, text);
  return 'errors' in read ? read.errors.map(formatDiagnostic) : [];
}

function documentOf(text: string, file = 'f.yaml'): SourceDocument {
  const read = readSource(file, text);
  if ('errors' in read) throw new Error(read.errors.map(formatDiagnostic).join('\n'));
  return read.document;
}

describe('what is read', () => {
  it('keeps the text of every number', () => {
    const { value } = documentOf('a: 9007199254740993\nb: 0.10\nc: -5e-3\nd: .5\ne: +7\nf: 5.\n');
    expect(jsonText(value)).toBe('{"a":9007199254740993,"b":0.10,"c":-5e-3,"d":0.5,"e":7,"f":5}');
  });

  it('is YAML 1.2: yes, no and dates are text', () => {
    const { value } = documentOf('a: no\nb: 2026-01-01\nc: null\nd: ~\ne: "5"\nf: true\n404: x\n');
    expect(jsonText(value)).toBe('{"404":"x","a":"no","b":"2026-01-01","c":null,"d":null,"e":"5","f":true}');
  });

  it('is JSON where the text begins with a brace and is JSON', () => {
    expect(documentOf(' {"a": [1, {"b": "\\u00e9"}]}').format).toBe('json');
    expect(documentOf('{a: 1}').format).toBe('yaml');
    expect(said('{a: 1}', 'f.json')).toEqual(['f.json:1:2: expected a key in double quotes']);
  });

  it('is the same from both readers', () => {
    const tree = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(null, true, false),
        fc.integer(),
        fc.string(),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(
          fc.string({ maxLength: 5 }).filter((k) => k !== '__proto__' && k !== '<<'),
          tie('value'),
          { maxKeys: 4 },
        ),
      ),
    })).value;
    fc.assert(
      fc.property(tree, (value) => {
        const text = JSON.stringify({ v: value });
        // A comment makes it YAML.
        const yaml = documentOf(`# x\n${text}`);
        expect(yaml.format).toBe('yaml');
        expect(jsonText(yaml.value)).toBe(jsonText(documentOf(text, 'f.json').value));
      }),
      { numRuns: 300 },
    );
  });
});

describe('places', () => {
  const yaml = 'a:\n  - x: 1\n    y: 2\n  -\n    z: {q: 3}\nempty:\n';
  const json = '{\n  "a": [\n    {"x": 1, "y": 2},\n    {"z": {"q": 3}}\n  ]\n}';
  it.each([
    [yaml, ['a', 0, 'y'], 'key', '3:5'],
    [yaml, ['a', 0, 'y'], 'value', '3:8'],
    [yaml, ['a', 1, 'z', 'q'], 'value', '5:12'],
    [yaml, ['empty'], 'value', '6:1'],
    [yaml, ['a', 0, 'nothing', 'there'], 'value', '2:5'],
    [json, ['a', 0, 'y'], 'key', '3:14'],
    [json, ['a', 0, 'y'], 'value', '3:19'],
    [json, ['a', 1, 'z', 'q'], 'value', '4:17'],
    [json, ['a', 0, 'nothing'], 'value', '3:5'],
    ['{"\\u0061": 1, "b\\"\\n": {"2": [5], "1": 6}}', ['a'], 'value', '1:12'],
    ['{"\\u0061": 1, "b\\"\\n": {"2": [5], "1": 6}}', ['b"\n', '1'], 'key', '1:35'],
    ['{"\\u0061": 1, "b\\"\\n": {"2": [5], "1": 6}}', ['b"\n', '2', 0], 'value', '1:31'],
    ['[[], [7]]', [1, 0], 'value', '1:7'],
  ] as const)('of %j %j (%s) is %s', (text, path, part, place) => {
    const { line, column } = documentOf(text).locate(path, part);
    expect(`${line}:${column}`).toBe(place);
  });
});

describe('the place of every part', () => {
  it('is where the part is written, in any JSON', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        fc.pre(!text.includes('__proto__'));
        const document = documentOf(text, 'f.json');
        const visit = (value: unknown, path: (string | number)[]): void => {
          const at = (part: 'key' | 'value') => text.slice(document.locate(path, part).column - 1);
          expect(at('value').startsWith(JSON.stringify(value)), path.join('/')).toBe(true);
          const last = path.at(-1);
          if (typeof last === 'string') expect(at('key').startsWith(`${JSON.stringify(last)}:`)).toBe(true);
          if (Array.isArray(value)) for (const [i, element] of value.entries()) visit(element, [...path, i]);
          else if (typeof value === 'object' && value !== null) {
            for (const [key, member] of Object.entries(value)) visit(member, [...path, key]);
          }
        };
        visit(JSON.parse(text), []);
      }),
      { numRuns: 200 },
    );
  });
});

describe('what is refused', () => {
  it.each([
    ['a: &x 1', 'f.yaml:1:4: an anchor (`&`) is not allowed; write the value out'],
    ['a: !!str 1', 'f.yaml:1:4: a tag (`!`) is not allowed; write the plain value'],
    ['a: !x {}', 'f.yaml:1:4: a tag (`!`) is not allowed; write the plain value'],
    ['a: 1\nb: 2\na: 3', 'f.yaml:3:1: the key `a` is written twice'],
    ['a: 1\n"\\u0061": 3', 'f.yaml:2:1: the key `a` is written twice'],
    ['__proto__: 1', 'f.yaml:1:1: the key `__proto__` is not allowed'],
    ['? [a]\n: 1', 'f.yaml:1:3: a key must be a plain word or a string'],
    ['a: 0x10', 'f.yaml:1:4: `0x10` is no decimal number; write a decimal, or quote it to make it text'],
    ['a: 010', 'f.yaml:1:4: `010` is no decimal number; write a decimal, or quote it to make it text'],
    ['a: .nan', 'f.yaml:1:4: `.nan` is no decimal number; write a decimal, or quote it to make it text'],
    ['a: 1\n---\nb: 2', 'f.yaml:2:1: a second document; write one document a file'],
    ['', 'f.yaml:1:1: the file is empty'],
    ['# nothing', 'f.yaml:1:1: the file is empty'],
    ['a: "\\ud800"', 'f.yaml:1:4: a string with half a surrogate pair'],
    [
      'a: *x',
      'f.yaml:1:4: an alias (`*`) is not allowed; write the value out; what begins with `*` stands in quotes, for example "*_withdraw*"',
    ],
    [
      'a: [*]',
      'f.yaml:1:5: an alias (`*`) is not allowed; what begins with `*` stands in quotes, for example "*_withdraw*"',
    ],
    [
      'b: 1\na: { *: {} }',
      'f.yaml:2:9: missing , or : between flow map items; what begins with `*` stands in quotes, for example "*_withdraw*"',
    ],
  ])('%j', (text, message) => {
    expect(said(text)).toEqual([message]);
  });

  it.each([
    ['{"a": 1, "a": 2}', 'f.json:1:10: the key `a` is written twice'],
    ['{"a": 1, "\\u0061": 2}', 'f.json:1:10: the key `a` is written twice'],
    ['{"__proto__": 1}', 'f.json:1:2: the key `__proto__` is not allowed'],
    ['{"a": 01}', 'f.json:1:8: expected `,` or `}`'],
    ['{"a": 1,}', 'f.json:1:9: expected a key in double quotes'],
    ['{"a": [1,]}', 'f.json:1:10: expected a JSON value'],
    ['{"a": "x', 'f.json:1:7: a string that does not end, or holds a bad escape or a raw control character'],
    ['{"a": "\t"}', 'f.json:1:7: a string that does not end, or holds a bad escape or a raw control character'],
    ['{"a": "\\udc00"}', 'f.json:1:7: a string with half a surrogate pair'],
    ['{"a": NaN}', 'f.json:1:7: expected a JSON value'],
    ['{"a": nul}', 'f.json:1:7: expected a JSON value'],
    ['{} x', 'f.json:1:4: text after the end of the document'],
    ['{', 'f.json:1:2: expected a key in double quotes'],
    ['', 'f.json:1:1: the document ends too early'],
    ['// c\n{}', 'f.json:1:1: expected a JSON value'],
  ])('%j', (text, message) => {
    expect(said(text, 'f.json')).toEqual([message]);
  });

  it('says every mistake of a file, up to a bound', () => {
    expect(said('a: &x 1\nb: !t 2\nc: 010\n')).toHaveLength(3);
    expect(said(Array.from({ length: 5_000 }, (_, i) => `k${i}: &a 1`).join('\n'))).toHaveLength(100);
  });

  const nested = 'nested more than 64 levels deep';
  it.each([
    ['[', '['.repeat(10_000)],
    ['{a: ', '{a: '.repeat(10_000)],
    ['- ', `${'- '.repeat(10_000)}x`],
    ['? ', '? '.repeat(10_000)],
    ['indentation', Array.from({ length: 400 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ])('10,000 levels of %s', (_name, text) => {
    const errors = said(text);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(nested);
  });

  it('levels just above the bound, and not those below it', () => {
    const deep = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    expect(said(deep(64), 'f.json')).toEqual([]);
    expect(said(deep(65), 'f.json')).toEqual([`f.json:1:69: ${nested}`]);
    expect(said(`# yaml\n${deep(64)}`)).toEqual([]);
    expect(said(`# yaml\n${deep(67)}`)[0]).toContain(nested);
  });

  it.each([
    ['quotes', '"'.repeat(200_000)],
    ['commas', `[${','.repeat(200_000)}`],
    ['colons', ': '.repeat(100_000)],
    ['tabs', '\t:\n'.repeat(80_000)],
    ['documents', '---\n'.repeat(60_000)],
    ['directives', '%A\n'.repeat(60_000)],
    ['anchors', '&a '.repeat(80_000)],
    ['aliases', '- *a\n'.repeat(50_000)],
    ['tags', '!'.repeat(200_000)],
    ['question marks', '? a\n'.repeat(60_000)],
  ])('a bomb of %s, with few words', (_name, text) => {
    const errors = said(text);
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.length).toBeLessThanOrEqual(101);
    expect(errors.join('\n')).not.toContain('    at ');
  });

  it('a billion laughs', () => {
    const lines = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 9; i++)
      lines.push(`${'abcdefghij'[i]}: &${'abcdefghij'[i]} [${`*${'abcdefghij'[i - 1]},`.repeat(9)}]`);
    const errors = said(lines.join('\n'));
    expect(errors[0]).toBe('f.yaml:1:4: an anchor (`&`) is not allowed; write the value out');
  });

  it('files that are too large, unparsed', () => {
    expect(said(`a: ${'x'.repeat(yamlBytesMax)}`)).toEqual([
      `f.yaml:1:1: ${yamlBytesMax + 3} bytes of YAML; at most ${yamlBytesMax}; use JSON`,
    ]);
    expect(said(`{"a": "${'x'.repeat(jsonBytesMax)}"}`)[0]).toContain('bytes; a file may have');
    expect(said(`{"a": "${'x'.repeat(yamlBytesMax)}"}`)).toEqual([]);
  });

  it('a path with brackets that stands without quotes, said once', () => {
    const read = readYaml('f.yaml', 'a: { b: c.d[*].e }', strictObject({ a: z.any() }));
    const errors = 'errors' in read ? read.errors.map(formatDiagnostic) : [];
    expect(errors[0]).toBe(
      'f.yaml:1:12: unexpected flow-seq-start at node end; inside `{ }` a path with brackets stands in quotes: "args.items[*].qty"',
    );
    expect(errors.filter((error) => error.includes('quotes'))).toHaveLength(1);
  });

  it('what is as long as the file, in a short sentence', () => {
    const long = 'k'.repeat(100_000);
    for (const text of [
      '!'.repeat(200_000),
      `{"${long}": 1}`,
      `a: 0x${'1'.repeat(100_000)}`,
      `a: x\n${'#'.repeat(9)}\n${'%'.repeat(99_999)}`,
    ]) {
      const read = readYaml('f.yaml', text, strictObject({ a: z.enum(['b']) }));
      const errors = 'errors' in read ? read.errors.map(formatDiagnostic) : [];
      expect(errors.length).toBeGreaterThan(0);
      for (const error of errors) expect(error.length).toBeLessThan(1_000);
    }
  });

  it('random characters, in a few sentences', () => {
    let state = 7;
    const random = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 16;
    for (let run = 0; run < 20; run++) {
      const text = Array.from({ length: 10_000 }, () => String.fromCharCode(random() % 256)).join('');
      // By chance it may be one long plain scalar, which is YAML and no settings.
      const read = readYaml('f.yaml', text, strictObject({ name: z.string() }));
      const errors = 'errors' in read ? read.errors.map(formatDiagnostic) : [];
      expect(errors.length).toBeGreaterThan(0);
      for (const error of errors) expect(error).toMatch(/^f\.yaml:\d+:\d+: [^\n]+$/);
    }
  });
});

describe('a schema', () => {
  const schema = strictObject({
    name: z.string(),
    size: z.number().optional(),
    kind: z.enum(['a', 'b']),
    items: z
      .array(
        z.union([
          strictObject({ url: z.string() }),
          strictObject({ command: z.string(), args: z.array(z.string()).optional() }),
        ]),
      )
      .optional(),
    limit: z.number().max(5, withHint('too large', 'write at most 5')).optional(),
    map: z
      .record(z.string().regex(/^[a-z]+$/, 'a name has letters only'), strictObject({}, 'write {} for nothing'))
      .optional(),
  });
  const check = (text: string): string[] => {
    const read = readYaml('f.yaml', text, schema);
    return 'errors' in read ? read.errors.map(formatDiagnostic) : [];
  };

  it('gives the value, numbers as doubles unless asked', () => {
    const read = readYaml('f.yaml', 'name: x\nkind: a\nsize: 1.50\n', schema);
    expect('value' in read && read.value).toEqual({ name: 'x', kind: 'a', size: 1.5 });
  });

  it.each([
    ['kind: a', ['f.yaml:1:1: `name` is missing; add it']],
    ['name: x\nkind: c', ['f.yaml:2:7: must be one of `a`, `b`; write one of these']],
    ['name: [1]\nkind: a', ['f.yaml:1:7: expected text, found a list; write one text']],
    ['nmae: x\nname: x\nkind: a', ['f.yaml:1:1: unknown key `nmae`; did you mean `name`?']],
    ['zzz: x\nname: x\nkind: a', ['f.yaml:1:1: unknown key `zzz`; known here: name, size, kind, items, limit, map']],
    ['name: x\nkind: a\nlimit: 6', ['f.yaml:3:8: too large; write at most 5']],
    ['name: x\nkind: a\nmap: {b: }', ['f.yaml:3:7: nothing is written here; write {} for nothing']],
    ['name: x\nkind: a\nmap: {B: {}}', ['f.yaml:3:7: a name has letters only; correct it there, or take it out']],
    ['name: x\nkind: a\nitems: [{command: x, agrs: []}]', ['f.yaml:3:22: unknown key `agrs`; did you mean `args`?']],
    ['name: x\nkind: a\nitems: [{url: 5}]', ['f.yaml:3:15: expected text, found a number; put it in quotes']],
    ['- a', ['f.yaml:1:1: expected a mapping (`key: value`), found a list; write its keys below it, or {} for none']],
    [
      'kind: c\nnmae: x',
      [
        'f.yaml:1:1: `name` is missing; add it',
        'f.yaml:1:7: must be one of `a`, `b`; write one of these',
        'f.yaml:2:1: unknown key `nmae`; did you mean `name`?',
      ],
    ],
  ])('%j', (text, messages) => {
    expect(check(text).toSorted()).toEqual(messages);
  });

  it('never lets a name of the file forge a line', () => {
    expect(check('name: x\nkind: a\n"a\\nf.yaml:9:9: all is well": 1')[0]).toContain('a\\u{A}f.yaml');
  });
});
