import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { type JsonObject, toJson } from '../../domain/json.ts';
import { canonicalText } from '../../platform/canonical.ts';
import { argumentsRecorder } from './arguments.ts';

const key = Buffer.alloc(32, 7);
const record = (args: object) => argumentsRecorder('digest', key)(toJson(args) as JsonObject);

test('keys stand plain, values as keyed digests, equal ones alike', () => {
  const { digest, keys } = JSON.parse(record({ a: 'secret', b: 'secret', c: 1.5 })) as {
    digest: string;
    keys: Record<string, string>;
  };
  expect(Object.keys(keys)).toEqual(['a', 'b', 'c']);
  expect(keys['a']).toBe(keys['b']);
  expect(new Set([keys['a'], keys['c'], digest]).size).toBe(3);
  expect(record({ a: 'secret' })).not.toContain('secret');
});

test('the digest of the whole is that of its canonical text, in whatever order the keys came', () => {
  const args = { b: { y: 1, x: [true, null] }, a: 'z', B: 2, é: 3 };
  const digest = createHmac('sha256', key.toString('hex'))
    .update(canonicalText(toJson(args)))
    .digest('base64url');
  const { digest: recorded, keys } = JSON.parse(record(args)) as { digest: string; keys: Record<string, string> };
  expect(recorded).toBe(digest);
  expect(Object.keys(keys)).toEqual(['b', 'a', 'B', 'é']);
  const turned = Object.fromEntries(Object.entries(args).reverse());
  expect(JSON.parse(record(turned)).digest).toBe(digest);
  expect(JSON.parse(argumentsRecorder('digest', Buffer.alloc(32, 8))(toJson(args) as JsonObject)).digest).not.toBe(
    digest,
  );
});

test('no arguments are no arguments', () => {
  expect(record({})).toBe('{}');
});

test('up to 64 keys, of 4,096 characters together, each has its own digest', () => {
  const many = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`${i}`.padEnd(64, 'k'), i]));
  expect(Object.keys(JSON.parse(record(many)).keys)).toEqual(Object.keys(many));
});

test('in full they stand as they came', () => {
  const args = toJson({ a: 'secret', b: [1.5] }) as JsonObject;
  expect(argumentsRecorder('full', key)(args)).toBe('{"full":{"a":"secret","b":[1.5]}}');
});

test.each([
  ['very many keys', Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, i])), 65],
  ['one very long key', { ['k'.repeat(1_000_000)]: 1 }, 1],
  ['several long keys', Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`${i}`.repeat(1_000), i])), 5],
])('%s: the whole alone, so that the record stays small', (_, args, count) => {
  const recorded = record(args);
  expect(recorded.length).toBeLessThan(200);
  expect(JSON.parse(recorded)).toEqual({ digest: expect.any(String), count });
});
