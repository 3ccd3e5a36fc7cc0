import type { Server } from 'node:http';
import { adminServer, healthApp } from '../control/health.ts';
import type { Config } from '../platform/config/config.ts';
import type { Log } from '../platform/log.ts';
import { cannotListen, HttpServer } from '../transport/http-server.ts';
import { compose, type Gateway } from './compose.ts';
import type { Rules } from './rules.ts';

export type Serving = {
  readonly gateway: Gateway;
  /** Origin of the MCP endpoints, without trailing slash. */
  readonly url: string;
  readonly adminUrl: string;
  /** Idle streams close at once, running calls get `graceMs`, then everything is closed in order. */
  readonly close: (graceMs: number) => Promise<void>;
};

/** The gateway over HTTP: what `start` and `demo` run. */
export async function serve(options: {
  readonly config: Config;
  readonly rules: Rules;
  readonly log: Log;
  readonly childEnv: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Promise<Serving> {
  const { config, log } = options;
  const { rules, childEnv, env } = options;
  const gateway = await compose({ config, rules, log, sole: true, childEnv, env });
  let ready = false;
  const http = new HttpServer({
    ...config.listen,
    hosts: config.hosts,
    origins: config.origins,
    ...config.bounds,
    gate: gateway.gate,
    identify: (authorization) => gateway.rules().credentials.identify(authorization),
    noteTurnedAway: gateway.noteTurnedAway,
    noteDefect: (fault) => log.logger.error({ fault: fault instanceof Error ? fault.stack : String(fault) }, 'defect'),
  });
  const admin = adminServer(healthApp({ alarms: gateway.alarms, metrics: gateway.metrics, isReady: () => ready }));
  try {
    const port = await http.listen();
    const adminPort = await listenAdmin(admin, config);
    ready = true;
    gateway.metrics.watch('sallyport_requests_in_flight', 'Requests that are being served', () => http.inFlight);
    return {
      gateway,
      url: `http://${bracketed(config.listen.host)}:${port}`,
      adminUrl: `http://${bracketed(config.admin.host)}:${adminPort}`,
      async close(graceMs) {
        ready = false;
        await http.close(graceMs);
        admin.close();
        admin.closeAllConnections();
        await gateway.close();
      },
    };
  } catch (fault) {
    await http.close(0);
    await gateway.close();
    throw fault;
  }
}

async function listenAdmin(server: Server, config: Config): Promise<number> {
  const { host, port } = config.admin;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, resolve);
  try {
    await promise;
  } catch (fault) {
    throw cannotListen(host, port, fault as NodeJS.ErrnoException, '`admin:`, --admin or SALLYPORT_ADMIN');
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
