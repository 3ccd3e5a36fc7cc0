import { describe, expect, it } from 'vitest';
import { TracingUnusable, tracingWanted } from './tracing.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
const always = { protocol: 'http/protobuf', sampler: { parentBased: true, ratio: 1 }, batch: {} };

describe('what the variables of OpenTelemetry ask for', () => {
  it.each([
    [{}],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    [{ OTEL_SERVICE_NAME: 'desk', OTEL_TRACES_SAMPLER: 'always_on' }],
    [{ ...ENDPOINT, OTEL_SDK_DISABLED: 'true' }],
    [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://127.0.0.1:4318' }],
  ])('%j: no spans', (env) => {
    expect(tracingWanted(env)).toBeUndefined();
  });

  it.each([
    [ENDPOINT, always],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector.example.com/v1/traces' }, always],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, always],
    [{ ...ENDPOINT, OTEL_SDK_DISABLED: 'false' }, always],
    [
      { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
      { ...always, protocol: 'http/json' },
    ],
    [
      { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json' },
      { ...always, protocol: 'http/json' },
    ],
    [
      { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'always_off' },
      { ...always, sampler: { parentBased: false, ratio: 0 } },
    ],
    [
      { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' },
      { ...always, sampler: { parentBased: true, ratio: 0.25 } },
    ],
    [
      { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'traceidratio' },
      { ...always, sampler: { parentBased: false, ratio: 1 } },
    ],
    [
      { ...ENDPOINT, OTEL_BSP_SCHEDULE_DELAY: '100', OTEL_BSP_MAX_QUEUE_SIZE: '9000' },
      { ...always, batch: { scheduledDelayMillis: 100, maxQueueSize: 9000 } },
    ],
  ])('%j: spans', (env, wanted) => {
    expect(tracingWanted(env)).toEqual(wanted);
  });

  const unusable = [
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, 'OTEL_TRACES_EXPORTER'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '/v1/traces' }, 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'OTEL_EXPORTER_OTLP_PROTOCOL'],
    [{ ...ENDPOINT, OTEL_TRACES_SAMPLER: 'parentbased_' }, 'OTEL_TRACES_SAMPLER'],
    [{ ...ENDPOINT, OTEL_TRACES_SAMPLER: 'jaeger_remote' }, 'OTEL_TRACES_SAMPLER'],
    [{ ...ENDPOINT, OTEL_BSP_SCHEDULE_DELAY: '0' }, 'OTEL_BSP_SCHEDULE_DELAY'],
    [{ ...ENDPOINT, OTEL_BSP_EXPORT_TIMEOUT: '1s' }, 'OTEL_BSP_EXPORT_TIMEOUT'],
  ] as const;

  it.each(unusable)('%j cannot be done, and the variable is named', (env, name) => {
    const asked = () => tracingWanted(env);
    expect(asked).toThrow(TracingUnusable);
    expect(asked).toThrow(name);
  });

  it.each(['x', '-0.1', '1.1', 'NaN'])('a ratio of %s is none', (arg) => {
    const env = { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: arg };
    expect(() => tracingWanted(env)).toThrow('OTEL_TRACES_SAMPLER_ARG');
  });
});
