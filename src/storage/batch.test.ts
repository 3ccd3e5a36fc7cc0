import { describe, expect, test } from 'vitest';
import { Batch } from './batch.ts';

function held() {
  const asked: { questions: readonly number[]; answer: (answers?: readonly string[]) => void; fail: () => void }[] = [];
  const batch = new Batch<number, string>({
    ask: (questions) =>
      new Promise((resolve, reject) => {
        const answer = (answers: readonly string[] = questions.map((one) => `a${one}`)) => resolve(answers);
        asked.push({ questions, answer, fail: () => reject(new Error('gone')) });
      }),
    sizeMax: 3,
    underWayMax: 2,
    waitMsMax: 50,
  });
  return { asked, batch, turn: () => new Promise((resolve) => setImmediate(resolve)) };
}

describe('asking together', () => {
  test('what comes in one turn is one question, and each gets its own answer', async () => {
    const { asked, batch, turn } = held();
    const answers = [1, 2].map((one) => batch.put(one));
    await turn();
    expect(asked.map(({ questions }) => questions)).toEqual([[1, 2]]);
    asked[0]?.answer();
    expect(await Promise.all(answers)).toEqual(['a1', 'a2']);
  });

  test('no more than so many at once, no more than so many in one', async () => {
    const { asked, batch, turn } = held();
    const answers = [1, 2, 3, 4, 5, 6, 7, 8].map((one) => batch.put(one));
    await turn();
    expect(asked.map(({ questions }) => questions)).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    asked[1]?.answer();
    await answers[3];
    await turn();
    expect(asked[2]?.questions).toEqual([7, 8]);
    asked[0]?.answer();
    asked[2]?.answer();
    expect((await Promise.all(answers)).at(-1)).toBe('a8');
  });

  test('a fault and a missing answer reach those who asked, and the next are asked again', async () => {
    const { asked, batch, turn } = held();
    const failing = batch.put(1);
    await turn();
    asked[0]?.fail();
    await expect(failing).rejects.toThrow('gone');
    const missing = batch.put(2);
    await turn();
    asked[1]?.answer([]);
    await expect(missing).rejects.toThrow('unanswered');
    const good = batch.put(3);
    await turn();
    asked[2]?.answer();
    expect(await good).toBe('a3');
  });

  test('what waited too long behind a store that hangs is not asked any more', async () => {
    const { asked, batch, turn } = held();
    const first = [1, 2, 3, 4, 5, 6].map((one) => batch.put(one));
    await turn();
    const third = batch.put(7);
    const late = expect(third).rejects.toThrow('too slow');
    await new Promise((resolve) => setTimeout(resolve, 80));
    for (const one of asked) one.answer();
    await Promise.all(first);
    await late;
    const after = batch.put(8);
    await turn();
    expect(asked.at(-1)?.questions).toEqual([8]);
    asked.at(-1)?.answer();
    expect(await after).toBe('a8');
  });
});
