import { describe, expect, it } from 'vitest';
import type { InspectRules } from '../../domain/inspection.ts';
import { inspectMessage } from './inspect-message.ts';

const rules: InspectRules = {
  rule: '/tools/t/inspect',
  shadow: false,
  maxBytes: 200,
  strip: ['terminal'],
  redact: [
    { kind: 'pattern', rule: '/r', pattern: 'emails' },
    { kind: 'pattern', rule: '/r', pattern: 'cards' },
    { kind: 'path', rule: '/p', steps: [{ kind: 'member', name: 'level' }] },
  ],
  denies: () => 'never asked',
};
const log = (data: string): string =>
  `{"jsonrpc": "2.0","method":"notifications/message","params":{"level":"info","data":${JSON.stringify(data)}}}`;

describe('a message before the answer', () => {
  it('keeps its bytes where nothing changes', () => {
    expect(inspectMessage([], log('bob@example.com'))).toBe(log('bob@example.com'));
    expect(inspectMessage([rules], log('working'))).toBe(log('working'));
    expect(inspectMessage([rules], '{"jsonrpc":"2.0","id":"a","method":"roots/list"}')).toBe(
      '{"jsonrpc":"2.0","id":"a","method":"roots/list"}',
    );
    expect(inspectMessage([{ ...rules, shadow: true }], log('bob@example.com'))).toBe(log('bob@example.com'));
  });

  it('that cannot be judged goes on where rules only watch', () => {
    const twice = '{"jsonrpc":"2.0","method":"notifications/message","params":{"data":1,"data":2},"x":1}';
    expect(inspectMessage([rules], twice)).toBe(undefined);
    expect(inspectMessage([{ ...rules, shadow: true }], twice)).toBe(twice);
    expect(inspectMessage([rules, { ...rules, shadow: true }], twice)).toBe(undefined);
  });

  it('is stripped and redacted by patterns, and not by paths', () => {
    expect(inspectMessage([rules], log('\u001b[1mbob@example.com'))).toBe(
      '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"[redacted]"}}',
    );
  });

  it('of a question keeps its id', () => {
    const question = `{"jsonrpc":"2.0","id":7,"method":"elicitation/create","params":{"message":"is it bob@example.com?"}}`;
    expect(inspectMessage([rules], question)).toBe(
      '{"jsonrpc":"2.0","id":7,"method":"elicitation/create","params":{"message":"is it [redacted]?"}}',
    );
  });

  it('keeps the token that the client gave it, whatever that looks like', () => {
    const progress = (message: string): string =>
      `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":4111111111111111,"progress":1,"message":"${message}"}}`;
    expect(inspectMessage([rules], progress('bob@example.com'))).toBe(progress('[redacted]'));
  });

  it('keeps the number of the request it is about', () => {
    const cancelled = (reason: string): string =>
      `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":4111111111111111,"reason":"${reason}"}}`;
    expect(inspectMessage([rules], cancelled('bob@example.com'))).toBe(cancelled('[redacted]'));
  });

  it('loses what stands beside its parameters', () => {
    expect(
      inspectMessage([rules], '{"jsonrpc":"2.0","method":"notifications/message","params":{},"x":"bob@example.com"}'),
    ).toBe('{"jsonrpc":"2.0","method":"notifications/message","params":{}}');
  });

  it.each([
    ['too large', log('y'.repeat(300))],
    ['no JSON', 'no JSON'],
    ['to be read in two ways', '{"jsonrpc":"2.0","method":"notifications/message","params":{"data":1,"data":2}}'],
    ['without parameters by name', '{"jsonrpc":"2.0","method":"notifications/message","params":["bob@example.com"]}'],
  ])('that is %s does not go on', (_name, text) => {
    expect(inspectMessage([rules], text)).toBeUndefined();
  });
});
