import { expect, test } from 'vitest';
import { Asked, askedMax } from './asked.ts';

test('what a server asked is answered once, and of more than a thousand questions the oldest is forgotten', () => {
  let forgotten = 0;
  const asked = new Asked(() => forgotten++);
  for (let i = 0; i < askedMax; i++) asked.add(`q${i}`);
  asked.add('q0');
  expect(forgotten).toBe(0);
  asked.add('one more');
  expect([forgotten, asked.take('q0'), asked.take('q1'), asked.take('q1'), asked.take('one more')]).toEqual([
    1,
    false,
    true,
    false,
    true,
  ]);
});
