import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * Stops V8's young generation from growing beyond what calls need. Nearly all that a call allocates is dead when the
 * call is answered, so that a larger young generation costs memory (100 MiB under load) and saves nothing. The size
 * itself can only be set on Node's command line; that it grows no further can be set while it runs.
 */
export function boundYoungGeneration(): void {
  const timer = setInterval(() => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    if (young !== undefined && young.space_size < YOUNG_BYTES) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    clearInterval(timer);
  }, LOOK_MS);
  timer.unref();
}

/** Two halves of 4 MiB: some five hundred calls between collections. */
const YOUNG_BYTES = 24 * 1024 * 1024;
const LOOK_MS = 50;
