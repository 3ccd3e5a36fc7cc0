import { expect, test } from 'vitest';
import { Alarms } from './alarms.ts';

function alarms() {
  const said: string[] = [];
  const clock = { now: 0 };
  const made = new Alarms({
    raised: ({ kind, server, sentence }, isSaid) => isSaid && said.push([kind, server ?? '-', sentence].join(' ')),
    ended: ({ kind, server }, isSaid) => isSaid && said.push(`${kind} ${server ?? '-'} ended`),
    now: () => clock.now,
  });
  return { made, said, clock };
}

test('what every call complains of is said once a minute, and at once where it is another sentence', () => {
  const { made, said, clock } = alarms();
  for (const now of [0, 1, 59_999, 60_000, 60_001]) {
    clock.now = now;
    made.raise('limits', 'away');
  }
  made.raise('limits', 'slow');
  expect(said).toEqual(['limits - away', 'limits - away', 'limits - slow']);
});

test('what comes and goes with every call is said once a minute, and stands when it stands', () => {
  const { made, said, clock } = alarms();
  for (clock.now = 0; clock.now < 120_000; clock.now += 1_000) {
    for (const sentence of ['answers 500', 'answers 503']) made.raise('upstream', sentence, 'a');
    expect(made.standing).toHaveLength(1);
    made.clear('upstream', 'a');
    expect(made.standing).toEqual([]);
  }
  const once = ['upstream a answers 500', 'upstream a answers 503', 'upstream a ended'];
  expect(said).toEqual([...once, ...once]);
});

test('an alarm whose sentence is another each time is not said each time', () => {
  const { made, said } = alarms();
  for (let ms = 0; ms < 100; ms++) made.raise('clock', `back by ${ms} ms`);
  expect(said).toHaveLength(8);
  expect(made.standing).toMatchObject([{ sentence: 'back by 99 ms' }]);
});

test('a file that is wrong again is told of again, and so is a server that was replaced', () => {
  const { made, said, clock } = alarms();
  for (clock.now = 0; clock.now < 4_000; clock.now += 2_000) {
    made.raise('policy', 'no');
    made.raise('upstream', 'down', 'a');
    made.clear('policy');
    made.forget('upstream', 'a');
  }
  const once = ['policy - no', 'upstream a down', 'policy - ended', 'upstream a ended'];
  expect(said).toEqual([...once, ...once]);
});

test('each server has its own', () => {
  const { made, said } = alarms();
  made.raise('upstream', 'down', 'a');
  made.raise('upstream', 'down', 'b');
  made.clear('upstream', 'a');
  made.clear('upstream', 'a');
  expect(said).toEqual(['upstream a down', 'upstream b down', 'upstream a ended']);
  made.raise('upstream', 'down', 'a');
  expect(said).toHaveLength(3);
  expect(made.standing).toEqual([
    { kind: 'upstream', sentence: 'down', server: 'b' },
    { kind: 'upstream', sentence: 'down', server: 'a' },
  ]);
});
