import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's heap at what calls need.
 *
 * Young generation: nearly all that a call allocates is dead when the call is answered. A larger one costs memory
 * (100 MiB under load) and saves nothing; a smaller one, to which V8 shrinks it when there is little to do, moves calls
 * that are still running to the old generation. Its size can only be set on Node's command line; whether it grows can
 * be set while it runs.
 *
 * Old generation: the little that reaches it is dead soon after. V8 would let it grow to several times what lives in
 * it before it looks; a look costs some milliseconds beside the calls.
 */
export function boundHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${OLD_GROWTH_PERCENT}`);
  let grows = true;
  const timer = setInterval(() => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    const mayGrow = young !== undefined && young.space_size < YOUNG_BYTES;
    if (mayGrow === grows) return;
    grows = mayGrow;
    setFlagsFromString(`--semi-space-growth-factor=${grows ? 2 : 1}`);
  }, LOOK_MS);
  timer.unref();
}

/**
 * For a command that reads files and ends: a hostile file of a megabyte makes a hundred megabytes of what is dead at once,
 * which a young generation that grows with it would leave lying.
 */
export function boundYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

const OLD_GROWTH_PERCENT = 60;
/** Two halves of 4 MiB: some five hundred calls between collections. */
const YOUNG_BYTES = 24 * 1024 * 1024;
const LOOK_MS = 50;
