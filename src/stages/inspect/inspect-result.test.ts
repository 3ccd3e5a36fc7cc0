import { describe, expect, it } from 'vitest';
import type { InspectRules, Redaction } from '../../domain/inspection.ts';
import { type JsonObject, jsonText, toJson } from '../../domain/json.ts';
import { inspectResult } from './inspect-result.ts';

function rules(more: Partial<InspectRules>): InspectRules {
  return {
    rule: '/tools/t/inspect',
    shadow: false,
    maxBytes: undefined,
    strip: [],
    redact: [],
    denies: () => undefined,
    ...more,
  };
}

function result(value: object): JsonObject {
  return toJson(value) as JsonObject;
}

function text(value: string): JsonObject {
  return result({ content: [{ type: 'text', text: value }] });
}

/** The text that is left, or `withheld`. */
function left(value: string, more: Partial<InspectRules>): string {
  const inspected = inspectResult([rules(more)], text(value));
  if (inspected.kind === 'withheld') return 'withheld';
  return (JSON.parse(jsonText(inspected.result)) as { content: { text: string }[] }).content[0]?.text ?? '';
}

function pattern(name: 'secrets' | 'cards' | 'emails'): Partial<InspectRules> {
  return { redact: [{ kind: 'pattern', rule: '/r', pattern: name }] };
}

function path(...names: string[]): Redaction {
  return {
    kind: 'path',
    rule: '/r',
    steps: names.map((name) => (name === '*' ? { kind: 'every' } : { kind: 'member', name })),
  };
}

describe('strip', () => {
  const given = 'a\u200bb\u001b[1mc\u0007d\te';
  it.each([
    [['invisible'], 'ab\u001b[1mc\u0007d\te'],
    [['terminal'], 'a\u200bbcd\te'],
    [['invisible', 'terminal'], 'abcd\te'],
    [[], given],
  ] as const)('%j takes away that and nothing else', (strip, stripped) => {
    expect(left(given, { strip })).toBe(stripped);
  });
});

describe('names that tell', () => {
  const member = (name: string, value: string, kind: 'secrets' | 'cards' | 'emails' = 'secrets'): unknown => {
    const inspected = inspectResult([rules(pattern(kind))], result({ structuredContent: { [name]: value } }));
    if (inspected.kind === 'withheld') return 'withheld';
    return Object.values(inspected.result['structuredContent'] as JsonObject)[0];
  };
  it.each([
    ['password', '123456', true],
    ['password', '12345', false],
    ['db_password', 'hunter', true],
    ['password_hint', 'hunter', false],
    ['token', 'abcdefghi1', true],
    ['token', 'abcdefgh1', false],
    ['token', 'abcdefghijk', false],
    ['tokens', 'abcdefghi1', false],
    [`${'x'.repeat(192)}password`, 'hunter', true],
    [`${'x'.repeat(193)}password`, 'hunter', false],
  ])('%s: %s is a secret: %s', (name, value, isSecret) => {
    expect(member(name, value)).toBe(isSecret ? '[redacted]' : value);
  });
  it('say so to `secrets` alone', () => {
    for (const kind of ['cards', 'emails'] as const) expect(member('password', 'hunter', kind)).toBe('hunter');
  });
});

describe('an output schema', () => {
  const given = result({ structuredContent: { mail: 'bob@example.com', n: 1 }, content: [] });
  const asked: unknown[] = [];
  const fitsOutput = (structured: unknown): boolean => {
    asked.push(structured);
    return false;
  };
  it('is asked about what redaction changed, and of nothing else', () => {
    const inspected = inspectResult([rules({}), rules({ ...pattern('emails'), rule: '/r2' })], given, { fitsOutput });
    expect(inspected).toEqual({
      kind: 'withheld',
      rule: '/r2',
      reason: 'what must be redacted is needed by the tool’s output schema',
    });
    expect(asked.splice(0)).toEqual([result({ mail: '[redacted]', n: 1 })]);
    // A server whose results do not fit its own schema is nobody's business here.
    expect(inspectResult([rules(pattern('cards'))], given, { fitsOutput }).kind).toBe('pass');
    expect(inspectResult([rules(pattern('emails'))], text('bob@example.com'), { fitsOutput }).kind).toBe('pass');
    expect(asked).toEqual([]);
  });
});

describe('a result', () => {
  it('passes as it is where no rule looks at it', () => {
    const given = text('x');
    expect(inspectResult([], given)).toEqual({ kind: 'pass', result: given });
    const untouched = inspectResult([rules(pattern('secrets'))], given);
    expect(untouched.kind === 'pass' && untouched.result).toBe(given);
  });

  it('above its bytes is withheld, never cut', () => {
    const given = text('é'.repeat(100));
    const size = Buffer.byteLength(jsonText(given));
    expect(inspectResult([rules({ maxBytes: size })], given).kind).toBe('pass');
    expect(inspectResult([rules({ maxBytes: size - 1 })], given)).toEqual({
      kind: 'withheld',
      rule: '/tools/t/inspect',
      reason: `the result has ${size} bytes, and ${size - 1} are allowed`,
    });
  });

  it('that a rule denies is withheld, and judged as it came', () => {
    const denies = (given: JsonObject): string | undefined => (jsonText(given).includes('AKIA') ? 'a key' : undefined);
    const inspected = inspectResult([rules({ ...pattern('secrets'), denies })], text('AKIAIOSFODNN7EXAMPLE'));
    expect(inspected).toEqual({ kind: 'withheld', rule: '/tools/t/inspect', reason: 'a key' });
  });

  it('is only watched by rules in shadow', () => {
    const given = text('mail bob@example.com');
    const inspected = inspectResult([rules({ ...pattern('emails'), shadow: true, denies: () => 'no mail' })], given);
    expect(inspected).toEqual({ kind: 'pass', result: given, shadow: 'no mail' });
  });
});

describe('redaction by path', () => {
  const texts = (given: JsonObject, redact: readonly Redaction[]): readonly string[] => {
    const inspected = inspectResult([rules({ redact })], given);
    if (inspected.kind === 'withheld') return ['withheld'];
    return (JSON.parse(jsonText(inspected.result)) as { content: { text: string }[] }).content.map(
      (block) => block.text,
    );
  };

  it('of what has parts takes each part out of every text that repeats it', () => {
    const given = result({
      structuredContent: {
        person: { ssn: '123-45-6789', names: ['Grace Hopper', { last: 'Lovelace' }], born: 19061209 },
      },
      content: [{ type: 'text', text: 'Grace Hopper, Lovelace, 123-45-6789, 19061209, and nobody else' }],
    });
    expect(texts(given, [path('structuredContent', 'person')])).toEqual([
      '[redacted], [redacted], [redacted], [redacted], and nobody else',
    ]);
  });

  it('of one element leaves the others', () => {
    const redact: Redaction = {
      kind: 'path',
      rule: '/r',
      steps: [
        { kind: 'member', name: 'structuredContent' },
        { kind: 'member', name: 'keys' },
        { kind: 'index', index: 1 },
      ],
    };
    const given = result({
      structuredContent: { keys: ['first', 'second', 'third'] },
      content: [{ type: 'text', text: 'first, second, third' }],
    });
    const inspected = inspectResult([rules({ redact: [redact] })], given);
    expect(inspected.kind === 'pass' && jsonText(inspected.result)).toBe(
      '{"structuredContent":{"keys":["first","[redacted]","third"]},"content":[{"type":"text","text":"first, [redacted], third"}]}',
    );
  });

  it('of a short value leaves what stands elsewhere by chance', () => {
    const given = result({
      structuredContent: { pin: 123, code: 1234, word: 'abc' },
      content: [{ type: 'text', text: '{"n":123,"m":1234,"w":"abc"}' }],
    });
    const redact = ['pin', 'code', 'word'].map((name) => path('structuredContent', name));
    expect(texts(given, redact)).toEqual(['{"n":123,"m":"[redacted]","w":"abc"}']);
  });

  it('takes the value out of every text that repeats it', () => {
    const structured = { user: 'bob', key: 'abc"def', list: [{ pin: 'p-1234' }, { pin: 'p-5678' }] };
    const given = result({
      structuredContent: structured,
      content: [
        { type: 'text', text: JSON.stringify(structured, undefined, 2) },
        { type: 'text', text: 'the key is abc"def, pin p-5678' },
      ],
    });
    const redact = [path('structuredContent', 'key'), path('structuredContent', 'list', '*', 'pin')];
    const inspected = inspectResult([rules({ redact })], given);
    const shown = inspected.kind === 'pass' ? jsonText(inspected.result) : '';
    for (const gone of ['abc"def', 'abc\\"def', 'abc\\\\\\"def', '1234', '5678']) expect(shown).not.toContain(gone);
    expect(shown).toContain('bob');
    expect(shown).toContain('[redacted]');
  });

  it('takes it out of a JSON text as Python and Go write one, whatever else stands there', () => {
    const given = result({
      structuredContent: { key: 'geheim é😀', link: '<a>&b' },
      content: [
        { type: 'text', text: '{"id": 1, "key": "geheim \\u00e9\\ud83d\\ude00"}' },
        { type: 'text', text: '{"id":1,"link":"\\u003ca\\u003e\\u0026b"}' },
      ],
    });
    const redact = [path('structuredContent', 'key'), path('structuredContent', 'link')];
    const inspected = inspectResult([rules({ redact })], given);
    expect(inspected.kind === 'pass' && inspected.result['content']).toEqual([
      { type: 'text', text: '{"id":1,"key":"[redacted]"}' },
      { type: 'text', text: '{"id":1,"link":"[redacted]"}' },
    ]);
  });

  it('takes it out of a JSON text however that escapes it, and out of a text with JSON in it as Python and Go do', () => {
    const given = result({
      structuredContent: { key: 'a/é"<b', pin: 987654 },
      content: [
        { type: 'text', text: '{"other": 1.50, "key": "\\u0061\\/\\u00E9\\"<b", "pin": 987654}' },
        { type: 'text', text: '["\\"a\\\\/\\\\u00e9\\\\\\"<b\\""]' },
        { type: 'text', text: 'got {"key": "a/\\u00e9\\"<b"}' },
        { type: 'text', text: 'got {"key":"a/é\\"\\u003cb"}' },
      ],
    });
    const redact = [path('structuredContent', 'key'), path('structuredContent', 'pin')];
    const inspected = inspectResult([rules({ redact })], given);
    const texts = inspected.kind === 'pass' ? (inspected.result['content'] as { text: string }[]) : [];
    expect(texts.map(({ text: shown }) => shown)).toEqual([
      '{"other":1.50,"key":"[redacted]","pin":"[redacted]"}',
      '["\\"[redacted]\\""]',
      'got {"key": "[redacted]"}',
      'got {"key":"[redacted]"}',
    ]);
  });

  it('takes short values and numbers out of the twin text too', () => {
    const structured = { pin: 12, name: 'x' };
    const given = result({
      structuredContent: structured,
      content: [{ type: 'text', text: JSON.stringify(structured, undefined, 2) }],
    });
    const inspected = inspectResult([rules({ redact: [path('structuredContent', 'pin')] })], given);
    expect(inspected.kind === 'pass' && jsonText(inspected.result)).toBe(
      '{"structuredContent":{"pin":"[redacted]","name":"x"},"content":[{"type":"text","text":"{\\"pin\\":\\"[redacted]\\",\\"name\\":\\"x\\"}"}]}',
    );
  });

  it('leaves the words true, false and null where they stand elsewhere', () => {
    const given = result({
      structuredContent: { ok: true, none: null },
      content: [{ type: 'text', text: 'true, null' }],
    });
    const redact = [path('structuredContent', 'ok'), path('structuredContent', 'none')];
    const inspected = inspectResult([rules({ redact })], given);
    expect(inspected.kind === 'pass' && jsonText(inspected.result)).toBe(
      '{"structuredContent":{"ok":"[redacted]","none":"[redacted]"},"content":[{"type":"text","text":"true, null"}]}',
    );
  });

  it('withholds where the values would be too dear to find again', () => {
    const near = 'a'.repeat(20_000);
    const keys = Array.from({ length: 200 }, (_, i) => `${near.slice(i)}b`);
    const given = result({ structuredContent: { keys }, content: [{ type: 'text', text: near.repeat(20) }] });
    const inspected = inspectResult([rules({ redact: [path('structuredContent', 'keys')] })], given);
    expect(inspected).toMatchObject({ kind: 'withheld', reason: expect.stringContaining('too long') });
  });

  it('leaves a result without the path alone', () => {
    const given = result({ content: [] });
    const inspected = inspectResult([rules({ redact: [path('structuredContent', 'key')] })], given);
    expect(inspected.kind === 'pass' && jsonText(inspected.result)).toBe('{"content":[]}');
  });

  it('may name what another path takes already', () => {
    const redact = [path('structuredContent', 'user'), path('structuredContent', 'user', 'mail')];
    const inspected = inspectResult([rules({ redact })], result({ structuredContent: { user: { mail: 'a@b' } } }));
    expect(inspected.kind === 'pass' && jsonText(inspected.result)).toBe('{"structuredContent":{"user":"[redacted]"}}');
  });

  it('withholds a result in which the path leads into something else', () => {
    const redact = [path('structuredContent', 'rows', '*', 'key')];
    const kindOf = (structuredContent: unknown) =>
      inspectResult([rules({ redact })], result({ structuredContent })).kind;
    expect(kindOf({ rows: [{ key: 'a' }, {}] })).toBe('pass');
    expect(kindOf({ rows: null })).toBe('pass');
    expect(kindOf({})).toBe('pass');
    expect(kindOf({ rows: [null] })).toBe('pass');
    expect(kindOf([{ rows: [{ key: 'a' }] }])).toBe('withheld');
    expect(kindOf({ rows: { key: 'a' } })).toBe('withheld');
    expect(kindOf({ rows: ['a'] })).toBe('withheld');
    expect(kindOf('rows')).toBe('withheld');
  });

  it('withholds where the output schema needs what must go', () => {
    const given = result({ structuredContent: { pin: 12 } });
    const redact = [path('structuredContent', 'pin')];
    const fitsOutput = (value: unknown): boolean => !jsonText(value as JsonObject).includes('redacted');
    expect(inspectResult([rules({ redact })], given, { fitsOutput })).toMatchObject({
      kind: 'withheld',
      reason: 'what must be redacted is needed by the tool’s output schema',
    });
    expect(inspectResult([rules({ redact })], given).kind).toBe('pass');
  });
});

describe('redaction by pattern', () => {
  // Put together here, so that no scanner takes this file for a leak.
  const join = (...parts: string[]): string => parts.join('');
  const secrets = [
    join('AKIA', 'IOSFODNN7EXAMPLE'),
    join('ghp_', 'a'.repeat(36)),
    join('github_pat_', 'A'.repeat(40)),
    join('glpat-', 'x'.repeat(20)),
    join('xoxb-', '1234567890-abcdefghij'),
    join('sk_live_', 'a'.repeat(24)),
    join('sk-ant-', 'api03-', 'a'.repeat(40)),
    join('AIza', 'b'.repeat(35)),
    join('npm_', 'c'.repeat(36)),
    join('eyJhbGciOiJIUzI1NiJ9.', 'eyJzdWIiOiIxIn0.', 'd'.repeat(43)),
    join('-----BEGIN RSA PRIVATE KEY-----\n', 'MIIB'.repeat(30), '\n-----END RSA PRIVATE KEY-----'),
  ];
  it.each(secrets.map((secret) => [secret.slice(0, 12), secret]))('finds %s…', (_name, secret) => {
    expect(left(`before ${secret} after`, pattern('secrets'))).toBe('before [redacted] after');
  });

  it.each([
    ['password=hunter22!', 'password=[redacted]'],
    ['"api_key": "abcdef123456"', '"api_key": "[redacted]"'],
    ['Authorization: Bearer abcdefghijklmnop0123', 'Authorization: Bearer [redacted]'],
    ['postgres://bob:s3cretpw@db/x', 'postgres://bob:[redacted]@db/x'],
    ['AWS_SECRET_ACCESS_KEY=abcd/efgh+ijkl', 'AWS_SECRET_ACCESS_KEY=[redacted]'],
  ])('keeps the name of %s', (given, shown) => {
    expect(left(given, pattern('secrets'))).toBe(shown);
  });

  it.each([
    'the password is required',
    'task-list sk- AKIA',
    'a secret: no',
    'order 12345678 at 50000.0',
    'https://example.com/a?b=c',
  ])('lets %j be', (given) => {
    expect(left(given, pattern('secrets'))).toBe(given);
  });

  it.each([
    ['4111 1111 1111 1111', '[redacted]'],
    ['5555-5555-5555-4444', '[redacted]'],
    ['378282246310005', '[redacted]'],
    ['4111 1111 1111 1112', '4111 1111 1111 1112'],
    ['1234567812345670', '1234567812345670'],
    ['41111111111111111111111', '41111111111111111111111'],
    ['id 1772000000000', 'id 1772000000000'],
  ])('knows cards by prefix, length and check digit: %s', (given, shown) => {
    expect(left(given, pattern('cards'))).toBe(shown);
  });

  it.each([
    ['bob@example.com, al.ice+x@mail.example.co.uk!', '[redacted], [redacted]!'],
    ['@handle and a@b', '@handle and a@b'],
  ])('finds e-mail addresses in %s', (given, shown) => {
    expect(left(given, pattern('emails'))).toBe(shown);
  });

  it('finds them in names of members and deep inside', () => {
    const given = result({
      structuredContent: { 'bob@example.com': [{ note: 'al@example.com' }], 'al@example.com': 1 },
    });
    const inspected = inspectResult([rules(pattern('emails'))], given);
    expect(inspected.kind === 'pass' && jsonText(inspected.result)).toBe(
      '{"structuredContent":{"[redacted]":[{"note":"[redacted]"}],"[redacted] 2":1}}',
    );
  });

  it('withholds where a pattern is too dear for the text', () => {
    const redact: Redaction[] = [{ kind: 'regex', rule: '/r', size: 1, replaceAll: () => undefined }];
    expect(left('x', { redact })).toBe('withheld');
  });

  it('withholds where a pattern is too dear for all the strings together, and does not search on', () => {
    let searched = 0;
    const replaceAll = (given: string): string => {
      searched += given.length;
      return given;
    };
    const redact: Redaction[] = [{ kind: 'regex', rule: '/r', size: 1_000, replaceAll }];
    const strings = (count: number): JsonObject =>
      result({ list: Array.from({ length: count }, () => 'x'.repeat(1_000)) });
    expect(inspectResult([rules({ redact })], strings(99)).kind).toBe('pass');
    searched = 0;
    expect(inspectResult([rules({ redact })], strings(1_000)).kind).toBe('withheld');
    expect(searched).toBeLessThanOrEqual(100_000);
  });

  it.each([
    ['keys', `api_key=${'a'.repeat(200_000)}`],
    ['a name', `${'password'.repeat(20_000)}`],
    ['digits', '4'.repeat(200_000)],
    ['spaced digits', '4 '.repeat(100_000)],
    ['addresses', 'a@'.repeat(100_000)],
    ['dots', `a@${'b.'.repeat(100_000)}`],
    ['dashes', '-----BEGIN '.repeat(20_000)],
    ['tokens', 'eyJ'.repeat(60_000)],
    ['schemes', 'a://'.repeat(50_000)],
    ['hyphens', 'a-'.repeat(500_000)],
  ])('goes through %s without turning back', (_name, given) => {
    // A quadratic pattern shows as the test's time-out.
    for (const name of ['secrets', 'cards', 'emails'] as const) left(given, pattern(name));
  });
});

describe('stripping', () => {
  const invisible = { strip: ['invisible'] } as const;
  const terminal = { strip: ['terminal'] } as const;
  it.each([
    ['zero width', 'a\u200bb\u200d\ufeffc', 'abc'],
    ['bidi', 'a\u202eb\u2066c', 'abc'],
    ['tags', `a${String.fromCodePoint(0xe0041, 0xe0042)}b`, 'ab'],
    ['variation selectors', `a\ufe0f${String.fromCodePoint(0xe0100)}b`, 'ab'],
    ['blank letters', 'a\u3164\u115fb', 'ab'],
  ])('takes %s out', (_name, given, shown) => {
    expect(left(given, invisible)).toBe(shown);
  });

  it('leaves what people write', () => {
    for (const given of ['naïve 漢字 العربية हिन्दी 😀\n\ttab', 'a–b “c” …']) expect(left(given, invisible)).toBe(given);
  });

  it.each([
    ['colour', '\u001b[31mred\u001b[0m', 'red'],
    ['a title', 'a\u001b]0;title\u0007b', 'ab'],
    ['a link', '\u001b]8;;https://evil\u001b\\x\u001b]8;;\u001b\\', 'x'],
    ['a string without end', 'a\u001b]0;stays', 'a0;stays'],
    ['C1 controls', 'a\u009b31mb', 'ab'],
    ['backspace and bell', 'a\b\u0007b\rc\nd\te', 'ab\rc\nd\te'],
    ['a two-byte escape', 'a\u001bcb', 'ab'],
  ])('takes %s out', (_name, given, shown) => {
    expect(left(given, terminal)).toBe(shown);
  });

  it('comes before redaction, so that nothing invisible splits a secret', () => {
    const key = `AKIA\u200bIOSFODNN7${'EXAMPLE'}`;
    expect(left(key, { ...pattern('secrets'), strip: ['invisible'] })).toBe('[redacted]');
  });

  it.each([
    ['SECRET_KEY=abcdef123456', 'SECRET_KEY=[redacted]'],
    ['AccountKey=abcdefabcdefabcd==', 'AccountKey=[redacted]'],
    ['pwd=hunter22222', 'pwd=[redacted]'],
    ['?token=abcdef0123456789', '?token=[redacted]'],
    ['PASSWORD="abc def ghi"', 'PASSWORD="[redacted]"'],
    ['https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXX', '[redacted]'],
    ['-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQdG\n-----END PGP PRIVATE KEY BLOCK-----', '[redacted]'],
    ['the next page token: unavailable', 'the next page token: unavailable'],
    ['{\\"password\\":\\"hunter22\\"}', '{\\"password\\":\\"[redacted]\\"}'],
    ['password => "hun\\ter22"', 'password => "[redacted]"'],
    [`${'a'.repeat(60)}_password=hunter22`, `${'a'.repeat(60)}_password=[redacted]`],
    [['_AK', 'IAIOSFODNN7EXAMPLE_'].join(''), '_[redacted]_'],
  ])('secrets by a telling name or form: %j', (given, wanted) => {
    expect(left(given, pattern('secrets'))).toBe(wanted);
  });

  it('is a secret by the name of its member, as where both stand in one text', () => {
    const structured = { password: 'hunter22', user: [{ clientSecret: 'abcdefgh' }], token: 'abc1234567', pin: 1 };
    const others = { password: 'none', secrets: 'three of them', token: 'unavailable', tokens: 'abc1234567' };
    const inspected = inspectResult([rules(pattern('secrets'))], result({ structuredContent: structured, others }));
    expect(inspected.kind === 'pass' && JSON.parse(jsonText(inspected.result))).toEqual({
      structuredContent: {
        password: '[redacted]',
        user: [{ clientSecret: '[redacted]' }],
        token: '[redacted]',
        pin: 1,
      },
      others,
    });
  });

  it.each([
    ['user@xn--bcher-kva.xn--fiqs8s', '[redacted]'],
    ['bob＠example．com', '[redacted]'],
    ['?to=bob%40example.com&x', '?to=[redacted]&x'],
  ])('an address however its sign is written: %s', (given, wanted) => {
    expect(left(given, pattern('emails'))).toBe(wanted);
  });

  it.each(['jö@example.com', 'user@münchen.de', '用户@例子.公司'])('an address in any script: %s', (address) => {
    expect(left(`to ${address} now`, pattern('emails'))).toBe('to [redacted] now');
  });

  it('of an expression finds numbers as well as strings', () => {
    const replaceAll = (text: string, by: string): string => text.replace(/^[0-9]{9}$/, by);
    const given = result({ structuredContent: { ssn: 123456789, id: '123456789', n: 12345 } });
    const inspected = inspectResult([rules({ redact: [{ kind: 'regex', rule: '/r', size: 1, replaceAll }] })], given);
    expect(inspected.kind === 'pass' && jsonText(inspected.result)).toBe(
      '{"structuredContent":{"ssn":"[redacted]","id":"[redacted]","n":12345}}',
    );
  });

  it('a card number that is no string', () => {
    const given = result({ structuredContent: { card: 4111111111111111, n: 4111111111111112 } });
    const inspected = inspectResult([rules(pattern('cards'))], given);
    expect(inspected.kind === 'pass' && jsonText(inspected.result)).toBe(
      '{"structuredContent":{"card":"[redacted]","n":4111111111111112}}',
    );
  });
});

describe('stripping a text that is JSON', () => {
  it.each([
    [['invisible'], '{"a": "x\\u200by"}', '{"a":"xy"}'],
    [['terminal'], '{"a": "\\u001b[31mred\\u001b[0m\\n"}', '{"a":"red\\n"}'],
    [['terminal'], '{"a": "x\\n"}', '{"a": "x\\n"}'],
  ] as const)('%j: %s', (strip, given, expected) => {
    expect(left(given, { strip })).toBe(expected);
  });

  it('comes before what is looked for in it', () => {
    const key = '{"k":"AKIA\\u200bIOSFODNN7EXAMPLE"}';
    expect(left(key, { ...pattern('secrets'), strip: ['invisible'] })).toBe('{"k":"[redacted]"}');
  });
});

describe('a pattern in a text that is JSON', () => {
  it.each([
    ['emails', '{"m":"bob\\u0040example.com"}', '{"m":"[redacted]"}'],
    ['emails', '{"m":"jos\\u00e9@example.com"}', '{"m":"[redacted]"}'],
    ['secrets', '{"password":"p\\u0061ss\\"word1234", "n": 1.50}', '{"password":"[redacted]","n":1.50}'],
    ['secrets', '{"token":"\\u0067hp_abcdefghijklmnopqrstuvwxyz0123456789"}', '{"token":"[redacted]"}'],
    ['secrets', '{"url":"postgres:\\/\\/u:pa55word@h\\/db"}', '{"url":"postgres://u:[redacted]@h/db"}'],
    ['cards', '{"card": 4111111111111111, "n": 1.50}', '{"card":"[redacted]","n":1.50}'],
    // Without escapes what is left of it stands as it stood.
    ['secrets', '{ "password": "hunter2hunter2", "n": 1.50 }', '{ "password": "[redacted]", "n": 1.50 }'],
    ['emails', '{"a": "x\\ty"}', '{"a": "x\\ty"}'],
  ] as const)('%s: %s', (name, given, expected) => {
    expect(left(given, pattern(name))).toBe(expected);
  });

  it('is found by an expression however it is escaped', () => {
    const replaceAll = (text: string, by: string): string => text.replace(/ACME-[0-9]+\/x/, by);
    const redact: Redaction[] = [{ kind: 'regex', rule: '/r', size: 1, replaceAll }];
    expect(left('{"id":"ACME-12\\/x"}', { redact })).toBe('{"id":"[redacted]"}');
  });
});
