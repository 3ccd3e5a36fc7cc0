import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { GENESIS, linkHash, recordBody, writerOfIntent } from './record.ts';

const at = Date.UTC(2026, 10, 29, 10, 0, 0, 123);

test('a record says what it is, when, and by whom', () => {
  const draft = { kind: 'outcome', ref: 3, at, members: '"outcome":"unknown"' } as const;
  expect(JSON.parse(recordBody(draft, 7, 'w1'))).toEqual({
    v: 1,
    seq: 7,
    kind: 'outcome',
    ref: 3,
    time: '2026-11-29T10:00:00.123Z',
    writer: 'w1',
    outcome: 'unknown',
  });
  expect(recordBody({ kind: 'stop', at: at + 1, members: '' }, 8, 'w1')).toBe(
    '{"v":1,"seq":8,"kind":"stop","time":"2026-11-29T10:00:00.124Z","writer":"w1"}',
  );
  // Many come in one millisecond, and some after the clock was put back.
  expect(JSON.parse(recordBody({ ...draft, at }, 9, 'w1')).time).toBe('2026-11-29T10:00:00.123Z');
});

test('a link is SHA-256 of the hash before it and the body, as anyone can work it out', () => {
  const hash = createHash('sha256').update(`${GENESIS}{"é":1}`, 'utf8').digest('hex');
  expect(linkHash(GENESIS, '{"é":1}')).toBe(hash);
});

test('whose intent a body is says its beginning, whatever a call brings', () => {
  const body = (kind: 'intent' | 'refusal', members: string) => recordBody({ kind, at, members }, 3, 'w1');
  const forged = '"arguments":{"full":{"kind":"intent","writer":"w2"}}';
  expect(writerOfIntent(body('intent', ''))).toBe('w1');
  expect(writerOfIntent(body('intent', forged))).toBe('w1');
  expect(writerOfIntent(body('refusal', forged))).toBeUndefined();
  expect(writerOfIntent(` ${body('intent', '')}`)).toBeUndefined();
});
