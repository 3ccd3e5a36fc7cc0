import { isLoopback } from '../platform/config/endpoint.ts';

/**
 * Which Host and Origin headers are let in: a page in a browser must not reach the gateway under a name that merely
 * resolves to it (DNS rebinding), and a foreign page must not at all.
 */
export function originGuard(options: {
  readonly listenHost: string;
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
}): (headers: {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}) => 'host' | 'origin' | undefined {
  const hosts = new Set(options.hosts.map((host) => host.toLowerCase()));
  const origins = new Set(options.origins.map((origin) => origin.toLowerCase()));
  let lastHost: string | undefined;
  const local = isLoopback(options.listenHost) || hosts.size === 0;
  return ({ host, origin }) => {
    if (host === undefined || !isHost(host)) return 'host';
    if (origin === undefined) return undefined;
    if (origins.has(origin.toLowerCase())) return undefined;
    return local && isLocalOrigin(origin) ? undefined : 'origin';
  };

  function isHost(header: string): boolean {
    // A client says the same each time.
    if (header === lastHost) return true;
    const match = /^(\[[0-9a-f:.]+\]|[^\s:/@?#]+)(?::([0-9]{1,5}))?$/i.exec(header);
    if (match === null) return false;
    const name = (match[1] ?? '').toLowerCase();
    const known = isLoopback(name.replace(/^\[|\]$/g, '')) || hosts.has(name) || hosts.has(header.toLowerCase());
    if (known) lastHost = header;
    return known;
  }
}

function isLocalOrigin(origin: string): boolean {
  if (!/^https?:\/\/[^/?#@\s]+$/i.test(origin) || !URL.canParse(origin)) return false;
  return isLoopback(new URL(origin).hostname.replace(/^\[|\]$/g, ''));
}
