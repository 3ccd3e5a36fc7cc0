import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { recordName } from '../call/answers.ts';
import type { Stages } from '../call/stages.ts';
import type { DecodedCall } from '../domain/call.ts';
import type { Fault } from '../domain/fault.ts';
import { isJsonObject } from '../domain/json.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Reply } from '../domain/reply.ts';
import { readTraceparent, traceparentText } from '../domain/traceparent.ts';
import { becameOf, ruleOf, verdictOf } from './verdict.ts';

/**
 * The same stages, each in a span of its own under the span of its call. A caller's trace goes on here
 * (`_meta.traceparent`, else the header), and the server is told of the span it is called from. Nothing of a span
 * holds an argument's value, a token or a header. Names: OpenTelemetry's conventions for MCP,
 * https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/
 */
export function tracedStages(stages: Stages, tracer: Tracer): Stages {
  const traces = new WeakMap<DecodedCall, Trace>();
  const traceOf = (call: DecodedCall): Trace => {
    const known = traces.get(call);
    if (known !== undefined) return known;
    const begun = begin(tracer, call);
    traces.set(call, begun);
    return begun;
  };
  const inSpan = <R>(call: DecodedCall, stage: string, run: () => R): R =>
    within(tracer.startSpan(stage, { attributes: { [STAGE]: stage } }, traceOf(call).context), run);

  return {
    ...stages,
    async findTarget(call) {
      const { context, beganAt, span } = traceOf(call);
      tracer.startSpan('decode', { startTime: beganAt, attributes: { [STAGE]: 'decode' } }, context).end(Date.now());
      const found = await inSpan(call, 'target', () => stages.findTarget(call));
      if (found.kind === 'target' && found.definition !== undefined) span.updateName(nameOf(call));
      return found;
    },
    checkMirrors(decoded, target, received) {
      const call = stages.checkMirrors(decoded, target, received);
      if (call.kind === 'call') traces.set(call, traceOf(decoded));
      return call;
    },
    decide: (policy, call, target) => inSpan(call, 'policy', () => stages.decide(policy, call, target)),
    reserveLimits: (intent) => inSpan(intent.permit.call, 'limits', () => stages.reserveLimits(intent)),
    invoke(reserved, received) {
      const { call } = reserved;
      const { context, attributes } = traceOf(call);
      const options = { kind: SpanKind.CLIENT, attributes: { ...attributes, [STAGE]: 'upstream' } };
      const span = tracer.startSpan(nameOf(call), options, context);
      const sent = { ...reserved, call: { ...call, traceparent: traceparentText(span.spanContext()) } };
      return within(span, async () => {
        const reply = await stages.invoke(sent, received);
        noteError(span, reply, call);
        return reply;
      });
    },
    inspect: (reserved, reply) => inSpan(reserved.call, 'inspect', () => stages.inspect(reserved, reply)),
    async recordOutcome(call, admission, outcome, received) {
      const { span, beganAt } = traceOf(call);
      try {
        return await inSpan(call, 'audit', () => stages.recordOutcome(call, admission, outcome, received));
      } finally {
        span.setAttributes({
          'sallyport.verdict': verdictOf(admission),
          'sallyport.rule': ruleOf(admission),
          'sallyport.outcome': becameOf(outcome),
          ...(admission.kind === 'reserved' ? { 'sallyport.record': recordName(admission.record) } : {}),
        });
        noteError(span, outcome, call);
        // Its beginning was reckoned from the time of arrival, and so is its end: another clock might end it before.
        span.end(beganAt + performance.now() - call.receivedAt);
      }
    },
  };
}

/** What is known of a call while it runs. */
type Trace = {
  readonly span: Span;
  /** Spans that are started in it are the call's. */
  readonly context: Context;
  /** Epoch milliseconds. */
  readonly beganAt: number;
  readonly attributes: Attributes;
};

function begin(tracer: Tracer, call: DecodedCall): Trace {
  const { session } = call;
  const beganAt = Date.now() - (performance.now() - call.receivedAt);
  const attributes: Attributes = {
    'mcp.method.name': call.method,
    'jsonrpc.request.id': typeof call.id === 'string' ? call.id : call.id.text,
    'mcp.protocol.version': session.revision,
    'mcp.session.id': session.id,
    'sallyport.server': session.server,
    'sallyport.caller': session.caller.id,
    ...targetAttributes(call),
  };
  // Agents may make up as many names as they like: one that no server has is seen in the attribute alone.
  const span = tracer.startSpan(call.method, { kind: SpanKind.SERVER, startTime: beganAt, attributes }, parentOf(call));
  return { span, context: trace.setSpan(ROOT_CONTEXT, span), beganAt, attributes };
}

/** Runs it, and ends its span when it is done, or the promise it gave is. */
function within<R>(span: Span, run: () => R): R {
  const failed = () => span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', 'fault');
  let result: R;
  try {
    result = run();
  } catch (fault) {
    failed().end();
    throw fault;
  }
  if (result instanceof Promise) {
    result.then(
      () => span.end(),
      () => failed().end(),
    );
  } else span.end();
  return result;
}

function noteError(span: Span, outcome: Refusal | Fault | Reply, { method }: DecodedCall): void {
  const type = errorType(outcome, method);
  if (type !== undefined) span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
}

/** The class of what went wrong; undefined where nothing did. */
function errorType(outcome: Refusal | Fault | Reply, method: DecodedCall['method']): string | undefined {
  switch (outcome.kind) {
    case 'replied':
      if (!outcome.isError) return undefined;
      return method === 'tools/call' ? 'tool_error' : '_OTHER';
    case 'fault':
      return String(outcome.code);
    default:
      return outcome.kind;
  }
}

function nameOf({ method, target }: DecodedCall): string {
  return method === 'resources/read' ? method : `${method} ${target}`;
}

function targetAttributes({ method, target }: DecodedCall): Attributes {
  switch (method) {
    case 'tools/call':
      return { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': target };
    case 'prompts/get':
      return { 'gen_ai.prompt.name': target };
    case 'resources/read':
      return { 'mcp.resource.uri': target };
    default:
      method satisfies never;
      return {};
  }
}

/** The caller's span: in `_meta` it is the call's, in the header that of the request which carried it. */
function parentOf(call: DecodedCall): Context {
  const meta = call.params['_meta'];
  const inMeta = isJsonObject(meta) ? meta['traceparent'] : undefined;
  const parent = readTraceparent(inMeta) ?? readTraceparent(call.traceparent);
  return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true });
}

const STAGE = 'sallyport.stage';
