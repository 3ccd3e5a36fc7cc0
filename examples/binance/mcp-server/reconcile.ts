/** After a lost answer the thing itself is asked, a few times: one that is still on its way must not be called "not there". */
import { ExchangeFault } from './exchange/fault.ts';
import type { Row } from './exchange/rows.ts';
import type { ToolContext } from './tool.ts';

/** Wait before each question, milliseconds. */
const askAfterMs: readonly number[] = [0, 250, 500];
/** No further question after this long: an answer of "unknown" must reach the caller before it gives up. */
const askWithinMs = 10_000;

/**
 * @param look asks for the order; undefined or an ExchangeFault means that it could not be seen this time
 * @param isSettled whether what was seen needs no further question
 * @returns the last that was seen, or undefined when it never was
 */
export async function askAgain(
  context: ToolContext,
  look: () => Promise<Row | undefined>,
  isSettled: (seen: Row) => boolean,
): Promise<Row | undefined> {
  let last: Row | undefined;
  const began = context.now();
  for (const wait of askAfterMs) {
    if (context.now() - began > askWithinMs) break;
    if (wait > 0) await context.sleep(wait);
    try {
      last = (await look()) ?? last;
    } catch (error) {
      if (!(error instanceof ExchangeFault)) throw error; // not seen this time; the caller says "unknown" in the end
    }
    if (last !== undefined && isSettled(last)) return last;
  }
  return last;
}
