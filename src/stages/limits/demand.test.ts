import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonNumber } from '../../domain/json.ts';
import type { LimitDemand } from '../../domain/policy.ts';
import { bucketName, isOfCounter, parseBucket } from './bucket.ts';
import { decimalText, entered, isSameWindow, levelled, scaled, windowKey } from './demand.ts';
import { limitReached, limitSentence } from './reached.ts';
import { keptDemand, toDemand } from './to-demand.ts';

const limit = (more: Partial<LimitDemand>): LimitDemand => ({
  rule: '/tools/x/limits/0',
  counter: 'c',
  scope: ['grant=desk'],
  max: '1',
  window: { kind: 'sliding', ms: 60_000 },
  windowText: '60',
  amount: '1',
  shadow: false,
  ...more,
});

describe('exact decimals', () => {
  test.each([
    ['0', '0'],
    ['-0.10', '-0.1'],
    ['1e3', '1000'],
    ['25E-1', '2.5'],
    ['0.000000000000000001', '0.000000000000000001'],
    ['1e-18', '0.000000000000000001'],
    ['1000000000000000000000e-39', '0.000000000000000001'],
    ['9007199254740993', '9007199254740993'],
    ['1e0', '1'],
    ['0e-400', '0'],
    ['1e400', `1${'0'.repeat(400)}`],
    [`1.${'0'.repeat(399)}`, '1'],
  ])('%s is %s', (text, plain) => {
    expect(decimalText(scaled(text) ?? 0n)).toBe(plain);
  });

  test.each([
    '',
    ' 1',
    '+1',
    '.5',
    '1.',
    '0x10',
    'NaN',
    'Infinity',
    '1e',
    '1e401',
    '1e-401',
    '1e9999999999',
    '1,5',
    '１',
    '0.0000000000000000001',
    '1e-19',
    `1.${'0'.repeat(400)}`,
    `${'1'.repeat(300)}.${'0'.repeat(300)}`,
  ])('%j is none', (text) => {
    expect(scaled(text)).toBeUndefined();
  });

  test('there and back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }), (value) => {
        expect(scaled(decimalText(value))).toBe(value);
      }),
    );
  });
});

describe('what a limit asks for', () => {
  test.each(['-1', '-0.000000000000000001', 'NaN', '1e308', '', `1${'0'.repeat(36)}`, '1e-19', 'abc'])(
    'an amount or maximum of %j throws, which refuses the call',
    (text) => {
      expect(() => toDemand(limit({ amount: text }))).toThrow(/\/tools\/x\/limits\/0/);
      expect(() => toDemand(limit({ max: text }))).toThrow(/exact decimal/);
    },
  );

  test('the longest amount is still counted', () => {
    expect(decimalText(toDemand(limit({ amount: '9'.repeat(36) })).amount)).toBe('9'.repeat(36));
  });

  test('the log is kept for the longest window on the counter', () => {
    expect(toDemand(limit({})).keepMs).toBe(60_000);
    expect(keptDemand(limit({}), 3_600_000).keepMs).toBe(3_600_000);
    expect(keptDemand(limit({}), 1_000).keepMs).toBe(60_000);
    const day = toDemand(limit({ window: { kind: 'calendar', unit: 'day', timezone: 'UTC' } }));
    expect(day.keepMs).toBeGreaterThanOrEqual(25 * 3_600_000);
    expect([windowKey(day.window), windowKey(toDemand(limit({})).window)]).toEqual(['day UTC', 's60000']);
  });

  test('windows are the same where they are of one kind and one length, or one unit and zone', () => {
    const window = (one: LimitDemand['window']) => toDemand(limit({ window: one })).window;
    const of = (unit: 'day' | 'hour', timezone = 'UTC') => window({ kind: 'calendar', unit, timezone });
    const minute = window({ kind: 'sliding', ms: 60_000 });
    expect(isSameWindow(minute, window({ kind: 'sliding', ms: 60_000 }))).toBe(true);
    expect(isSameWindow(minute, window({ kind: 'sliding', ms: 60_001 }))).toBe(false);
    expect(isSameWindow(of('day'), of('day'))).toBe(true);
    expect(isSameWindow(of('day'), of('hour'))).toBe(false);
    expect(isSameWindow(of('day'), of('day', 'Europe/Berlin'))).toBe(false);
    expect([isSameWindow(minute, of('day')), isSameWindow(of('day'), minute)]).toEqual([false, false]);
  });

  test('limits on one log are all asked for the largest amount, others keep theirs', () => {
    const demands = [
      limit({ amount: '1' }),
      limit({ amount: '3' }),
      limit({ amount: '2', counter: 'd' }),
      limit({ amount: '9', shadow: true }),
    ];
    expect(levelled(demands.map(toDemand)).map(({ amount }) => decimalText(amount))).toEqual(['3', '3', '2', '9']);
    const single = [toDemand(limit({}))];
    expect(levelled(single)).toBe(single);
  });
});

describe('what a call enters into its logs', () => {
  const demands = [limit({}), limit({ shadow: true }), limit({ counter: 'd' })].map(toDemand);
  test('is all that it asks for', () => {
    expect(entered(demands, undefined)).toEqual(demands);
  });
  test('and nothing of what limits in shadow count, where one of them would have refused it', () => {
    expect(entered(demands, { demand: demands[1] })).toEqual([demands[0], demands[2]]);
  });
});

describe('names of logs', () => {
  test('no value passes for two, and shadow is apart', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string(), { minLength: 1 }),
        fc.array(fc.string(), { minLength: 1 }),
        fc.boolean(),
        fc.boolean(),
        (one, two, s1, s2) => {
          const same = JSON.stringify([one, s1]) === JSON.stringify([two, s2]);
          const [c1 = '', ...scope1] = one;
          const [c2 = '', ...scope2] = two;
          expect(bucketName(c1, scope1, s1) === bucketName(c2, scope2, s2)).toBe(same);
          expect(parseBucket(bucketName(c1, scope1, s1))).toEqual({ counter: c1, scope: scope1, shadow: s1 });
        },
      ),
    );
  });

  test('values of two hundred and fifty-six characters stand as they are, longer ones by their digest', () => {
    const name = (length: number): unknown => {
      const value = `tool=${'x'.repeat(length - 5)}`;
      const parsed = parseBucket(bucketName(value, [value], false));
      return [parsed?.counter === value, parsed?.scope[0] === value];
    };
    expect([name(256), name(257)]).toEqual([
      [true, true],
      [false, false],
    ]);
    expect(isOfCounter('no log', 'c')).toBe(false);
  });

  test('long values stand by their digest, and are found by their whole name', () => {
    const long = 'x'.repeat(10_000);
    const name = bucketName(long, [`tool=${long}`], false);
    expect(name.length).toBeLessThan(400);
    expect(name).not.toBe(bucketName(long, [`tool=${long}y`], false));
    expect(parseBucket(name)?.scope[0]).toMatch(/^tool=sha256:[0-9a-f]{64}$/);
    expect([isOfCounter(name, long), isOfCounter(name, `${long}y`)]).toEqual([true, false]);
  });

  test.each(['', 'null', '[]', '["log"]', '["other","c"]', '["log",1]', '{}'])('%j is none', (text) => {
    expect(parseBucket(text)).toBeUndefined();
  });
});

describe('what is said of a limit that is reached', () => {
  const demand = { ...toDemand(limit({ max: '2.50', amount: '1' })), window: { kind: 'sliding' as const, ms: 60_000 } };
  test('how much of it is used, and when the call would fit: a whole second that is not too early', () => {
    const exceeded = { demand, used: scaled('2') ?? 0n, resetsAt: 1_700_000_001_001 };
    expect(limitSentence(exceeded, 'pay')).toBe('the limit at /tools/x/limits/0 is reached: 2 of 2.5 used');
    expect(limitReached(exceeded, '60s', 1_700_000_000_000)).toEqual({
      max: new JsonNumber('2.5'),
      window: new JsonNumber('60'),
      resetsAt: '2023-11-14T22:13:21.001Z',
      retryAfter: 2,
    });
    expect(limitReached(exceeded, '60s', 1_700_000_001_001)?.retryAfter).toBe(1);
    expect(['5m', 'day'].map((written) => limitReached(exceeded, written, 0)?.window)).toEqual(['5m', 'day']);
  });
  test('where a call takes all of a limit, what is used of it: it would fit later', () => {
    const exceeded = { demand: { ...demand, amount: demand.max }, used: scaled('0.5') ?? 0n, resetsAt: 5 };
    expect(limitSentence(exceeded, 'pay')).toBe('the limit at /tools/x/limits/0 is reached: 0.5 of 2.5 used');
  });
  test('where the call alone is above the limit, no time', () => {
    const exceeded = { demand: { ...demand, amount: scaled('3') ?? 0n }, used: 0n, resetsAt: undefined };
    expect(limitSentence(exceeded, 'pay')).toContain(
      '`pay` asks for 3, the limit at /tools/x/limits/0 is 2.5: this call alone is above it',
    );
    expect(limitReached(exceeded, '60', 0)).toBeUndefined();
  });
  test('or what the policy says', () => {
    const exceeded = { demand: { ...demand, onDeny: 'ask the desk' }, used: 0n, resetsAt: 5 };
    expect(limitSentence(exceeded, 'pay')).toBe('ask the desk');
  });
});
