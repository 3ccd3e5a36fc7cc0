import type { Endpoint } from './config.ts';

export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:/]+):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) return undefined;
  return { host: (match[1] ?? '').replace(/^\[|\]$/g, ''), port };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.[0-9]{1,3}){3}$/.test(host);
}
