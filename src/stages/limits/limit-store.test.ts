import { describe, expect, test } from 'vitest';
import { answerInTime, LimitStoreUnreachable } from './limit-store.ts';

describe('an answer of a limit store', () => {
  test('is waited for, and leaves no timer behind', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const answer = answerInTime(Promise.resolve('yes'), 60_000);
    expect(timers()).toBe(before + 1);
    expect(await answer).toBe('yes');
    expect(timers()).toBe(before);
  });

  test('that is late, or a fault, is an unreachable store, whatever it was', async () => {
    const late: unknown = await answerInTime(new Promise<never>(() => {}), 5).catch((fault: unknown) => fault);
    const lost: unknown = await answerInTime(Promise.reject(new Error('reset')), 60_000).catch(
      (fault: unknown) => fault,
    );
    for (const [fault, cause] of [
      [late, 'no answer within 5 ms'],
      [lost, 'reset'],
    ] as const) {
      expect(fault).toBeInstanceOf(LimitStoreUnreachable);
      expect(fault).toMatchObject({
        name: 'LimitStoreUnreachable',
        message: 'the limit store cannot be reached',
        cause: { message: cause },
      });
    }
  });
});
