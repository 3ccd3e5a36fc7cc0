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
 * it before it looks; a look costs some milliseconds beside the calls. The first look would come latest of all, and what
 * the heap has grown to by then it keeps.
 */
export function boundHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${OLD_GROWTH_PERCENT}`);
  setFlagsFromString(`--incremental-marking-hard-trigger=${FIRST_LOOK_PERCENT}`);
  let oldBytes = 0;
  let hasLooked = false;
  let grows = true;
  const timer = setInterval(() => {
    const spaces = getHeapSpaceStatistics();
    const usedOf = (name: string) => spaces.find(({ space_name }) => space_name === name)?.space_used_size ?? 0;
    const used = usedOf('old_space');
    if (!hasLooked && used < oldBytes * 0.9) {
      hasLooked = true;
      setFlagsFromString('--incremental-marking-hard-trigger=0');
    }
    oldBytes = used;
    const young = spaces.find(({ space_name }) => space_name === 'new_space');
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

const OLD_GROWTH_PERCENT = 40;
/** Of the growth that V8 allows at first. */
const FIRST_LOOK_PERCENT = 25;
/** Two halves of 4 MiB: some five hundred calls between collections. */
const YOUNG_BYTES = 24 * 1024 * 1024;
const LOOK_MS = 50;
