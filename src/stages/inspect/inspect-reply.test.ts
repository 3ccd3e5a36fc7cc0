import { describe, expect, it } from 'vitest';
import type { InspectRules } from '../../domain/inspection.ts';
import type { Reply } from '../../domain/reply.ts';
import { inspectReply } from './inspect-reply.ts';

const emails: InspectRules = {
  rule: '/tools/t/inspect',
  shadow: false,
  maxBytes: 200,
  strip: ['terminal'],
  redact: [
    { kind: 'pattern', rule: '/r', pattern: 'emails' },
    { kind: 'path', rule: '/p', steps: [{ kind: 'member', name: 'message' }] },
  ],
  denies: () => undefined,
};

function replied(text: string): Reply {
  return { kind: 'replied', text, isError: false, status: 200 };
}

function textOf(reply: Reply): string {
  return reply.kind === 'replied' ? reply.text : `${reply.kind}: ${'why' in reply ? reply.why : ''}`;
}

describe('a reply', () => {
  it('keeps its bytes where nothing changes', () => {
    const reply = replied('{"jsonrpc": "2.0", "id": 1.0, "result": {"content": [],"n":1e2}}');
    expect(inspectReply([], reply)).toBe(reply);
    expect(inspectReply([emails], reply)).toBe(reply);
    const lost: Reply = { kind: 'unknown', why: 'x' };
    expect(inspectReply([emails], lost)).toBe(lost);
  });

  it.each([
    '{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}',
    '{"jsonrpc":"2.0","id":1,"result":"text"}',
    '{"jsonrpc":"2.0","id":1,"result":{},"beside":"bob@example.com"}',
  ])('is as it came where rules only watch: %s', (text) => {
    const reply = replied(text);
    expect(inspectReply([{ ...emails, shadow: true }], reply)).toBe(reply);
    expect(inspectReply([emails, { ...emails, shadow: true }], reply)).not.toBe(reply);
  });

  it('is written again where something does, numbers as they were', () => {
    const reply = replied(
      '{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"\\u001b[1mbob@example.com"}],"n":1.50}}',
    );
    expect(textOf(inspectReply([emails], reply))).toBe(
      '{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"[redacted]"}],"n":1.50}}',
    );
  });

  it('of an error is cleaned by patterns, not by paths', () => {
    const reply = replied('{"jsonrpc":"2.0","id":7,"error":{"code":-32000,"message":"no mailbox bob@example.com"}}');
    expect(textOf(inspectReply([emails], reply))).toBe(
      '{"jsonrpc":"2.0","id":7,"error":{"code":-32000,"message":"no mailbox [redacted]"}}',
    );
  });

  it.each(['"_meta":{"to":"bob@example.com"}', '"bob@example.com":1', '"x":1'])(
    'loses what stands beside the answer: %s',
    (beside) => {
      expect(textOf(inspectReply([emails], replied(`{"jsonrpc":"2.0","id":7,"result":{"n":1.0},${beside}}`)))).toBe(
        '{"jsonrpc":"2.0","id":7,"result":{"n":1.0}}',
      );
    },
  );

  it.each([
    [
      '{"jsonrpc":"2.0","id":7,"result":{"a":1,"a":2}}',
      'withheld: the result cannot be read in one way only, so it cannot be judged',
    ],
    ['no JSON', 'withheld: the result cannot be read in one way only, so it cannot be judged'],
    [
      `{"jsonrpc":"2.0","id":7,"result":{"x":"${'y'.repeat(300)}"}}`,
      'withheld: the result has 308 bytes, and 200 are allowed',
    ],
    [
      '{"jsonrpc":"2.0","id":7,"result":"bob@example.com"}',
      'withheld: the result is no object, so it cannot be judged',
    ],
    ['{"jsonrpc":"2.0","id":7,"result":["a"]}', 'withheld: the result is no object, so it cannot be judged'],
    ['{"jsonrpc":"2.0","id":7,"error":"bob"}', 'withheld: the result is no object, so it cannot be judged'],
  ])('%s is withheld', (text, said) => {
    expect(textOf(inspectReply([emails], replied(text)))).toBe(said);
  });
});
