/**
 * What signals mean. SIGTERM and the first SIGINT ask for a clean stop; SIGINTs within half a second of the first are
 * the same key press seen twice (terminal and npm both send it); a later one ends the process at once.
 */
export function onStopSignals(handlers: {
  readonly stop: (signal: 'SIGINT' | 'SIGTERM') => void;
  readonly abandon: () => void;
}): void {
  let firstAt: number | undefined;
  const heard = (signal: 'SIGINT' | 'SIGTERM') => {
    const now = performance.now();
    if (firstAt === undefined) {
      firstAt = now;
      handlers.stop(signal);
      return;
    }
    if (signal === 'SIGINT' && now - firstAt >= SAME_PRESS_MS) {
      handlers.abandon();
      process.exit(130);
    }
  };
  process.on('SIGINT', () => heard('SIGINT'));
  process.on('SIGTERM', () => heard('SIGTERM'));
  process.on('SIGHUP', () => heard('SIGTERM'));
}

const SAME_PRESS_MS = 500;

/** How long running calls get at a clean stop. */
export const GRACE_MS = 10_000;
