import { expect, test } from 'vitest';
import { Standing } from './standing.ts';

const message = (text: string) => ({ text, id: undefined });
const nothing = () => {};

function stream(takes = true) {
  const texts: string[] = [];
  return { texts, emit: (text: string) => takes && texts.push(text) > 0 };
}

test('what a stream does not take waits for the next one; a question is not taken at all', () => {
  const standing = new Standing(1_000);
  const unread = stream(false);
  standing.attach('s', unread.emit, nothing);
  expect(standing.deliver('s', message('one'))).toBe(true);
  expect(standing.deliver('s', { text: 'asked', id: 'q' })).toBe(false);
  const next = stream();
  standing.attach('s', next.emit, nothing);
  expect(next.texts).toEqual(['one']);
});

test('the newest messages wait, so many and so large, and the last one always', () => {
  const after = (unreadBytesMax: number, texts: string[]) => {
    const standing = new Standing(unreadBytesMax);
    for (const text of texts) standing.deliver('s', message(text));
    const next = stream();
    standing.attach('s', next.emit, nothing);
    return next.texts;
  };
  const many = Array.from({ length: 70 }, (_, i) => `m${i}`);
  expect(after(100_000, many)).toEqual(many.slice(6));
  expect(after(20, ['aaaaa', 'bbbbb', 'ééé'])).toEqual(['ééé']);
  expect(after(20, ['aaaaa', 'bbbbb'])).toEqual(['aaaaa', 'bbbbb']);
  expect(after(20, ['a', 'longer than all of it'])).toEqual(['longer than all of it']);
});

test('a stream takes what it is given, and what waited for it once', () => {
  const standing = new Standing(1_000);
  standing.deliver('s', message('early'));
  const [first, second] = [stream(), stream()];
  standing.attach('s', first.emit, nothing);
  expect(standing.deliver('s', { text: 'asked', id: 'q' })).toBe(true);
  standing.attach('s', second.emit, nothing);
  standing.attach('other', stream().emit, nothing);
  expect([first.texts, second.texts]).toEqual([['early', 'asked'], []]);
});

test('the newest stream of a session takes over; one that was replaced ends nothing when it closes', () => {
  const standing = new Standing(1_000);
  const closed: string[] = [];
  const [first, second] = [stream(), stream()];
  const detach = standing.attach('s', first.emit, () => closed.push('first'));
  standing.attach('s', second.emit, () => closed.push('second'));
  expect([closed, standing.size]).toEqual([['first'], 1]);
  detach();
  standing.deliver('s', message('one'));
  expect([first.texts, second.texts, standing.size]).toEqual([[], ['one'], 1]);
});

test('of a session that is over nothing is left', () => {
  const standing = new Standing(1_000);
  const closed: string[] = [];
  const { emit, texts } = stream();
  standing.attach('s', emit, () => closed.push('s'));
  standing.attach('t', () => false, nothing);
  standing.deliver('t', message('unread'));
  for (const session of ['s', 't', 'u']) standing.forget(session);
  expect([closed, standing.size]).toEqual([['s'], 0]);
  const next = stream();
  for (const session of ['s', 't']) standing.attach(session, next.emit, nothing);
  expect([texts, next.texts]).toEqual([[], []]);
});
