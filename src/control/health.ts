import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { Alarms } from '../platform/alarms.ts';
import type { Metrics } from '../platform/metrics.ts';

/** The operator's port as far as it exists: liveness, readiness, metrics. Loopback only, Host checked. */
export function healthApp(parts: {
  readonly alarms: Alarms;
  readonly metrics: Metrics;
  readonly isReady: () => boolean;
}): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    const host = (context.req.header('host') ?? '').replace(/:[0-9]+$/, '').replace(/^\[|\]$/g, '');
    if (!/^(?:localhost|::1|127(?:\.[0-9]{1,3}){3})$/i.test(host)) return context.text('the host is not let in\n', 403);
    return next();
  });
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/readyz', (context) => {
    if (!parts.isReady()) return context.json({ status: 'unavailable', reasons: ['stopping or not started'] }, 503);
    const reasons = parts.alarms.standing;
    return context.json({ status: reasons.length === 0 ? 'ok' : 'degraded', reasons });
  });
  app.get('/metrics', async (context) => {
    context.header('content-type', parts.metrics.registry.contentType);
    return context.body(await parts.metrics.registry.metrics());
  });
  app.notFound((context) => context.text('there is nothing here; try /healthz, /readyz or /metrics\n', 404));
  return app;
}

export function adminServer(app: Hono): Server {
  const listener = getRequestListener(app.fetch);
  return createServer((request, response) => void listener(request, response));
}
