/**
 * The pieces of which every tool's input schema is made.
 * Nothing is trimmed, upper-cased or coerced: what a gate in front of this server judged is what is sent. A decimal given
 * as a JSON number is written out in full and otherwise left alone.
 */
import * as z from 'zod';
import { decimal, isPositive, isZero, plainNumber } from './decimal.ts';
import type { Say } from './language.ts';

const symbolPattern = /^[A-Z0-9_]{2,30}$/;
const decimalPattern = /^\d{1,20}(\.\d{1,18})?$/;
const signedDecimalPattern = /^-?\d{1,20}(\.\d{1,18})?$/;
/** Numbers beyond these are not written by anyone who means them. */
const numberMax = 1e15;

export function symbol(say: Say, described?: string) {
  return z
    .string(
      say(
        'a symbol in the exchange\'s spelling is needed, for example "BTCUSDT"',
        '需要交易对,按交易所的写法,例如 "BTCUSDT"',
      ),
    )
    .regex(
      symbolPattern,
      say(
        'must be in the exchange\'s own spelling, upper case and without separators, for example "BTCUSDT"',
        '必须是交易所的写法:大写,无分隔符,例如 "BTCUSDT"',
      ),
    )
    .describe(
      described ??
        say("trading pair in the exchange's spelling, for example BTCUSDT", '交易对,按交易所的写法,例如 BTCUSDT'),
    );
}

/** A positive amount as decimal text or JSON number; comes out as plain text. */
export function amount(say: Say, described: string) {
  return amountShape(say, decimalPattern, 0)
    .refine((text) => isPositive(decimal(text)), { error: say('must be above zero', '必须大于零') })
    .describe(described);
}

/** As `amount`, with a sign, but not zero. */
export function signedAmount(say: Say, described: string) {
  return amountShape(say, signedDecimalPattern, -numberMax)
    .refine((text) => !isZero(decimal(text)), { error: say('must not be zero', '不能为零') })
    .describe(described);
}

function amountShape(say: Say, pattern: RegExp, minimum: number) {
  const error = say(
    'must be a decimal such as "0.001" (text or number, no exponent in text)',
    '必须是十进制数,例如 "0.001"(字符串或数字,字符串中不用指数)',
  );
  return z
    .union([z.string().regex(pattern), z.number().min(minimum).max(numberMax)], { error })
    .transform((value) => (typeof value === 'number' ? plainNumber(value) : value))
    .refine((text) => pattern.test(text), { error, abort: true });
}

/** An id of the exchange: digits as text, or a whole number no larger than 2^53-1 (above that JSON numbers lie). */
export function exchangeId(say: Say, described: string) {
  return z
    .union([z.string().regex(/^[1-9]\d{0,18}$/), z.int().min(1).max(Number.MAX_SAFE_INTEGER)], {
      error: say(
        'must be digits as text, or a whole number up to 9007199254740991',
        '必须是数字字符串,或不超过 9007199254740991 的整数',
      ),
    })
    .transform(String)
    .describe(described);
}

export function clientId(say: Say, described: string) {
  const error = say('1 to 36 characters of letters, digits and . : / _ -', '1 到 36 个字符:字母、数字和 . : / _ -');
  return z
    .string({ error })
    .regex(/^[.A-Z:/a-z0-9_-]{1,36}$/, { error })
    .describe(described);
}

export function choice<const T extends readonly string[]>(say: Say, values: T, described: string) {
  return z
    .enum(values, { error: say(`must be exactly one of ${values.join(', ')}`, `必须是以下之一:${values.join(', ')}`) })
    .describe(described);
}

export function whole(say: Say, minimum: number, maximum: number, described: string) {
  const error = say(`must be a whole number from ${minimum} to ${maximum}`, `必须是 ${minimum} 到 ${maximum} 的整数`);
  return z.int({ error }).min(minimum, { error }).max(maximum, { error }).describe(described);
}

/** A moment as the exchange counts it: milliseconds since 1970, 13 digits. */
export function moment(say: Say, described: string) {
  return whole(say, 1_000_000_000_000, 9_999_999_999_999, described);
}

export function yesNo(say: Say, described: string) {
  return z.boolean({ error: say('must be true or false', '必须是 true 或 false') }).describe(described);
}

export function dryRun(say: Say) {
  return yesNo(
    say,
    say(
      'true: check only and change nothing; the answer says who checked',
      'true:只检查,不做任何改动;结果会说明由谁检查',
    ),
  ).optional();
}

export const klineIntervals = [
  '1m',
  '3m',
  '5m',
  '15m',
  '30m',
  '1h',
  '2h',
  '4h',
  '6h',
  '8h',
  '12h',
  '1d',
  '3d',
  '1w',
  '1M',
] as const;
