import { expect, test } from 'vitest';
import { type JsonObject, toJson } from '../../domain/json.ts';
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

test.each([
  ['very many keys', Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, i])), 65],
  ['one very long key', { ['k'.repeat(1_000_000)]: 1 }, 1],
  ['several long keys', Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`${i}`.repeat(1_000), i])), 5],
])('%s: the whole alone, so that the record stays small', (_, args, count) => {
  const recorded = record(args);
  expect(recorded.length).toBeLessThan(200);
  expect(JSON.parse(recorded)).toEqual({ digest: expect.any(String), count });
});
