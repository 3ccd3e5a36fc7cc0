import type { Stages } from '../call/stages.ts';
import type { Alarms } from '../platform/alarms.ts';
import { openTracing, type Tracing, TracingUnusable, tracingWanted } from '../platform/tracing.ts';

export type Spans = {
  /** The stages with a span around each, or as they are where no spans are wanted. */
  readonly around: (stages: Stages) => Stages;
  readonly close: () => Promise<void>;
};

/**
 * Spans of the calls' stages, where `env` says that OpenTelemetry is configured. They inform, so nothing about them
 * stops a call or a start: what cannot be done, or a collector that does not answer, is the alarm `traces`.
 */
export async function openSpans(env: Readonly<Record<string, string | undefined>>, alarms: Alarms): Promise<Spans> {
  const raise = (why: string) => alarms.raise('traces', `spans are not sent: ${why}`);
  let tracing: Tracing | undefined;
  try {
    const wanted = tracingWanted(env);
    if (wanted === undefined) return NONE;
    tracing = await openTracing(wanted, VERSION, { failed: raise, sent: () => alarms.clear('traces') });
  } catch (fault) {
    if (!(fault instanceof TracingUnusable)) throw fault;
    raise(fault.message);
    return NONE;
  }
  const { tracer, close } = tracing;
  // Only now: without spans nobody needs the library that names them.
  const { tracedStages } = await import('./traced-stages.ts');
  return { around: (stages) => tracedStages(stages, tracer), close };
}

const NONE: Spans = { around: (stages) => stages, close: async () => {} };
const VERSION = '0.1.0';
