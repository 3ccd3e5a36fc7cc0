/**
 * `npm run` puts a shell between itself and the process, and the shell passes on no signal: stopping npm would leave a
 * server behind that holds its port and its data. A process started so ends when the shell or npm is gone.
 */
import { readFileSync } from 'node:fs';

const lookEveryMs = 100;

// Read when the process begins: whoever is gone by the time the server is ready is noticed too.
const shell = process.ppid;
const npm = parentOf(shell);

/**
 * @param script the npm script that starts this process; started otherwise, also by another script's process, nothing is watched
 * @param end closes and exits; called once
 */
export function endWithLauncher(script: 'binance' | 'exchange', end: () => void): void {
  if (process.env['npm_lifecycle_event'] !== script) return;
  const timer = setInterval(() => {
    if (process.ppid === shell && (npm === undefined || parentOf(shell) === npm)) return;
    clearInterval(timer);
    end();
  }, lookEveryMs);
  timer.unref();
}

/** Linux says it in /proc; elsewhere only the shell's own end is noticed. */
function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before it is in parentheses and may hold anything.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return Number.isInteger(parent) ? parent : undefined;
  } catch {
    return undefined; // no /proc here, or the process is gone, which `process.ppid` tells
  }
}
