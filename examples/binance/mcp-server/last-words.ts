/**
 * A pipe that still answers what it was asked when its other end stops writing. The SDK's own drops those answers, and an
 * order whose answer is dropped is one that nobody knows of. `printf '…' | node main.ts` gets all of its answers too.
 */
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { isJSONRPCRequest, type JSONRPCMessage } from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';

/** How long a closed pipe is kept for answers that are still due: longer than any call that asks again and again. */
const lastWordsMsMax = 60_000;

export interface Pipe {
  readonly transport: StdioServerTransport;
  /** Settles when the other end has stopped writing and every request that it sent was answered, or the wait was too long. */
  readonly ended: Promise<void>;
}

export function openPipe(input: Readable, output: Writable, waitMsMax = lastWordsMsMax): Pipe {
  const unanswered = new Set<string | number>();
  const held = new PassThrough();
  let answered = (): void => undefined;

  class Transport extends StdioServerTransport {
    override async start(): Promise<void> {
      const deliver = this.onmessage;
      this.onmessage = (message: JSONRPCMessage) => {
        // A subscription is answered when it ends, which is now.
        if (isJSONRPCRequest(message) && message.method !== 'subscriptions/listen') unanswered.add(message.id);
        const cancelled = cancelledBy(message);
        if (cancelled !== undefined) unanswered.delete(cancelled);
        deliver?.(message);
      };
      await super.start();
    }

    override async send(message: JSONRPCMessage): Promise<void> {
      await super.send(message);
      if ('id' in message && !('method' in message) && message.id !== undefined) unanswered.delete(message.id);
      if (unanswered.size === 0) answered();
    }
  }

  input.pipe(held, { end: false });
  const ended = new Promise<void>((resolve) => {
    const close = (): void => {
      // What was written last is still on its way through; it counts as asked.
      if (held.readableLength > 0 || held.writableLength > 0) setImmediate(close);
      else if (unanswered.size === 0) resolve();
      else {
        answered = resolve;
        setTimeout(resolve, waitMsMax).unref();
      }
    };
    input.once('end', () => setImmediate(close));
    input.once('close', () => setImmediate(close));
    input.once('error', () => resolve());
    output.once('error', () => resolve()); // nobody reads any more
  });
  return { transport: new Transport(held, output), ended };
}

function cancelledBy(message: JSONRPCMessage): string | number | undefined {
  if (!('method' in message) || message.method !== 'notifications/cancelled') return undefined;
  const id: unknown = message.params?.['requestId'];
  return typeof id === 'string' || typeof id === 'number' ? id : undefined;
}
