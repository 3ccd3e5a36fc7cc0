import { expect, test } from 'vitest';
import { Alarms } from './alarms.ts';

function alarms() {
  const said: string[] = [];
  const clock = { now: 0 };
  const made = new Alarms({
    raised: ({ kind, sentence, server }) => said.push([kind, server ?? '-', sentence].join(' ')),
    ended: ({ kind, server }) => said.push(`${kind} ${server ?? '-'} ended`),
    now: () => clock.now,
  });
  return { made, said, clock };
}

test('what every call complains of is said once a second, and at once where it is another sentence', () => {
  const { made, said, clock } = alarms();
  for (const now of [0, 1, 999, 1_000, 1_500]) {
    clock.now = now;
    made.raise('limits', 'away');
  }
  made.raise('limits', 'slow');
  expect(said).toEqual(['limits - away', 'limits - away', 'limits - slow']);
});

test('each server has its own, and one that ended is said again when it comes again', () => {
  const { made, said } = alarms();
  made.raise('upstream', 'down', 'a');
  made.raise('upstream', 'down', 'b');
  made.clear('upstream', 'a');
  made.clear('upstream', 'a');
  made.raise('upstream', 'down', 'a');
  expect(said).toEqual(['upstream a down', 'upstream b down', 'upstream a ended', 'upstream a down']);
  expect(made.standing).toEqual([
    { kind: 'upstream', sentence: 'down', server: 'b' },
    { kind: 'upstream', sentence: 'down', server: 'a' },
  ]);
});
