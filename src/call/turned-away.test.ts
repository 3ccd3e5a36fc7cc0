import { expect, test } from 'vitest';
import type { Answer } from '../domain/received.ts';
import type { Session } from '../domain/session.ts';
import { noPrompt, noResource, notGiven, notHeard, notOpened, turnAway, unavailable } from './turned-away.ts';

const sessionOf = (era: 'legacy' | 'modern') => ({ era, server: 'up' }) as Session;
const said = (answer: Answer) => {
  if (answer.kind !== 'answer') throw new Error(answer.kind);
  const { id, error } = JSON.parse(answer.text);
  expect(id).toBe('i');
  return [answer.status, error.code, error.message, error.data];
};

test('a server of another era says what it speaks, and what it was asked in', () => {
  const asked = (supported: readonly string[], revision: unknown) =>
    said(turnAway(notOpened({ kind: 'not-opened', why: '', supported }, 'up', 'i', revision as string)));
  expect(asked(['2026-07-28', '2027-01-01'], '2025-11-25')).toEqual([
    400,
    -32022,
    'up speaks 2026-07-28, 2027-01-01; this client opened with 2025-11-25',
    { supported: ['2026-07-28', '2027-01-01'], requested: '2025-11-25' },
  ]);
  expect(asked([], 5)).toEqual([
    400,
    -32022,
    'up speaks 2025-06-18, 2025-11-25; this client opened with 2026-07-28',
    { supported: [], requested: '2026-07-28' },
  ]);
});

test('a server that is down is unavailable, and no more is said of it', () => {
  const down = notOpened({ kind: 'not-opened', why: 'it is down' }, 'up', 'i', '2025-11-25');
  const message = 'unavailable: up: it is down; try again when it runs, the log says more';
  expect(said(turnAway(down))).toEqual([200, -32603, message, undefined]);
  const now = unavailable(sessionOf('legacy'), 'silence', 'i');
  expect(said(now)).toEqual([200, -32603, 'unavailable: up: silence', undefined]);
});

test('what is not there is so in the words of its era', () => {
  expect(said(noPrompt('p', 'i'))).toEqual([200, -32602, 'Unknown prompt: p', undefined]);
  expect(said(noResource(sessionOf('legacy'), 'u', 'i'))).toEqual([200, -32002, 'Resource not found', { uri: 'u' }]);
  expect(said(noResource(sessionOf('modern'), 'u', 'i'))).toEqual([200, -32602, 'Resource not found', { uri: 'u' }]);
  expect(said(turnAway(notGiven('i')))).toEqual([200, -32602, 'the cursor is not one that was given', undefined]);
});

test('a server whose question nobody hears is told so', () => {
  expect(JSON.parse(notHeard('i'))).toEqual({
    jsonrpc: '2.0',
    id: 'i',
    error: { code: -32601, message: 'no stream of the client is open' },
  });
});
