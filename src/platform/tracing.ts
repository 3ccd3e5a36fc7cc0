import type { Tracer } from '@opentelemetry/api';
import type { Sampler, SpanExporter } from '@opentelemetry/sdk-trace';

/** Where spans go, and how many of them. */
export type TracingWanted = {
  readonly protocol: 'http/protobuf' | 'http/json';
  readonly sampler: SamplerWanted;
  /** How they are sent together; what is left out is as the SDK has it. */
  readonly batch: Partial<Record<(typeof BATCH)[number][1], number>>;
};

type SamplerWanted = {
  /** Whether a caller that has decided itself (the flag of its `traceparent`) is followed. */
  readonly parentBased: boolean;
  /** Of the traces that begin here, from 0 to 1. */
  readonly ratio: number;
};

export type Tracing = {
  readonly tracer: Tracer;
  /** Sends what is waiting; gives up after two seconds. */
  readonly close: () => Promise<void>;
};

/** Thrown where the variables ask for something that is not to be had. Its message is a sentence without full stop. */
export class TracingUnusable extends Error {}

/**
 * What the standard variables ask for. Undefined where they do not ask for spans: unlike OpenTelemetry's own default
 * nothing is sent before an endpoint or an exporter is named. An empty variable is an absent one.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 * @throws TracingUnusable naming the variable.
 */
export function tracingWanted(env: Readonly<Record<string, string | undefined>>): TracingWanted | undefined {
  const of = (name: string) => (env[name]?.trim() === '' ? undefined : env[name]?.trim());
  if (of('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return undefined;
  const exporter = of('OTEL_TRACES_EXPORTER');
  const endpoints = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (exporter === 'none' || (exporter === undefined && endpoints.every((name) => of(name) === undefined)))
    return undefined;
  if (exporter !== undefined && exporter !== 'otlp')
    throw new TracingUnusable(`OTEL_TRACES_EXPORTER is \`${exporter}\`; \`otlp\` and \`none\` are known`);
  for (const name of endpoints) {
    const url = of(name);
    if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
      throw new TracingUnusable(`${name} is no http or https URL`);
  }
  return { protocol: protocolIn(of), sampler: samplerIn(of), batch: batchIn(of) };
}

function protocolIn(of: (name: string) => string | undefined): TracingWanted['protocol'] {
  const name = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'].find((one) => of(one));
  const protocol = name === undefined ? 'http/protobuf' : of(name);
  if (protocol === 'http/protobuf' || protocol === 'http/json') return protocol;
  throw new TracingUnusable(`${name} is \`${protocol}\`; \`http/protobuf\` and \`http/json\` are known`);
}

function samplerIn(of: (name: string) => string | undefined): SamplerWanted {
  const sampler = of('OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on';
  const parentBased = sampler.startsWith('parentbased_');
  switch (sampler.replace('parentbased_', '')) {
    case 'always_on':
      return { parentBased, ratio: 1 };
    case 'always_off':
      return { parentBased, ratio: 0 };
    case 'traceidratio': {
      const ratio = Number(of('OTEL_TRACES_SAMPLER_ARG') ?? '1');
      if (ratio >= 0 && ratio <= 1) return { parentBased, ratio };
      throw new TracingUnusable('OTEL_TRACES_SAMPLER_ARG is no number from 0 to 1');
    }
    default:
      throw new TracingUnusable(`OTEL_TRACES_SAMPLER is \`${sampler}\`, which is not known`);
  }
}

function batchIn(of: (name: string) => string | undefined): TracingWanted['batch'] {
  const batch: TracingWanted['batch'] = {};
  for (const [name, option] of BATCH) {
    const text = of(name);
    if (text === undefined) continue;
    if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new TracingUnusable(`${name} is no whole number above 0`);
    batch[option] = Number(text);
  }
  return batch;
}

/** Milliseconds and counts. */
const BATCH = [
  ['OTEL_BSP_SCHEDULE_DELAY', 'scheduledDelayMillis'],
  ['OTEL_BSP_EXPORT_TIMEOUT', 'exportTimeoutMillis'],
  ['OTEL_BSP_MAX_QUEUE_SIZE', 'maxQueueSize'],
  ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 'maxExportBatchSize'],
] as const;

/**
 * Opens the way to the collector; its address, headers, certificates and time limits are read from the standard
 * variables by the exporter. `hears` is told what became of each batch: a collector that is down changes no call.
 * @throws TracingUnusable where its packages cannot be loaded.
 */
export async function openTracing(
  wanted: TracingWanted,
  version: string,
  hears: { readonly sent: () => void; readonly failed: (why: string) => void },
): Promise<Tracing> {
  const { sdk, resources, exporter } = await load(wanted.protocol).catch(() => {
    throw new TracingUnusable('the packages of OpenTelemetry cannot be loaded; install sallyport anew');
  });
  const { resourceFromAttributes, defaultResource, detectResources, envDetector } = resources;
  const fromEnv = detectResources({ detectors: [envDetector] });
  const provider = new sdk.TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'sallyport', 'service.version': version }))
      .merge(fromEnv),
    sampler: samplerOf(sdk, wanted.sampler),
    spanLimits: { attributeValueLengthLimit: ATTRIBUTE_LENGTH_MAX },
    spanProcessors: [new sdk.BatchSpanProcessor({ ...wanted.batch, exporter: heard(exporter, hears) })],
  });
  return {
    tracer: provider.getTracer('sallyport', version),
    async close() {
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, CLOSE_MS_MAX);
      await Promise.race([provider.shutdown().catch(() => {}), late]);
      clearTimeout(timer);
    },
  };
}

async function load(protocol: TracingWanted['protocol']) {
  const [sdk, resources, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
    protocol === 'http/json'
      ? import('@opentelemetry/exporter-trace-otlp-http')
      : import('@opentelemetry/exporter-trace-otlp-proto'),
  ]);
  return { sdk, resources, exporter: new OTLPTraceExporter() };
}

function samplerOf(sdk: typeof import('@opentelemetry/sdk-trace'), wanted: SamplerWanted): Sampler {
  const root = new sdk.TraceIdRatioBasedSampler(wanted.ratio);
  return wanted.parentBased ? new sdk.ParentBasedSampler({ root }) : root;
}

function heard(exporter: SpanExporter, hears: Parameters<typeof openTracing>[2]): SpanExporter {
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.error === undefined && result.code === 0) hears.sent();
        else hears.failed(result.error?.message ?? 'the collector took none');
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

const ATTRIBUTE_LENGTH_MAX = 1_024;
const CLOSE_MS_MAX = 2_000;
