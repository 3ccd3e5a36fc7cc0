/**
 * `url_host_in`: the host of an http(s) URL, by the WHATWG rules. What other parsers read differently is an error:
 * backslashes, user information, control, blank and non-ASCII characters, missing slashes.
 */
import type { JsonValue } from '../../../domain/json.ts';
import { jsonType } from '../values.ts';
import { type Operator, shown, stringList } from './operator.ts';

export const urlHostIn: Operator = {
  names: ['url_host_in'],
  reference: {
    operand: 'a host such as `api.example.com`, `*.example.com` for every host below it, or a list',
    takes: 'an `http://` or `https://` URL in ASCII without user information or backslashes',
    meaning: 'the host of the URL is one of them; the port does not count',
  },
  compile(op, operand) {
    const written = stringList(operand);
    if (written === undefined) return { error: `\`${op}\` needs a host, or a list of hosts, as \`value\`` };
    const exact = new Set<string>();
    const suffixes: string[] = [];
    for (const text of written) {
      const below = text.startsWith('*.');
      const host = normalHost(below ? text.slice(2) : text);
      if (host === undefined) {
        return {
          error: `\`${shown(text)}\` is no host`,
          hint: 'write a host without scheme, port or path; a name in another script in its xn-- form',
        };
      }
      if (below) suffixes.push(`.${host}`);
      else exact.add(host);
    }
    return {
      holds: `is a URL on ${shown(written.join(' or '))}`,
      test(seen: JsonValue): boolean | string {
        if (typeof seen !== 'string') return `is ${jsonType(seen)}, and \`${op}\` needs a string`;
        const host = hostOf(seen);
        if (typeof host !== 'string') return host.error;
        return exact.has(host) || suffixes.some((suffix) => host.endsWith(suffix) && host.length > suffix.length);
      },
    };
  },
};

function hostOf(text: string): string | { readonly error: string } {
  if (!/^[!-~]*$/.test(text)) return { error: 'holds a blank, control or non-ASCII character' };
  if (text.includes('\\')) return { error: 'holds a backslash' };
  const authority = /^https?:\/\/([^/?#]+)/i.exec(text)?.[1];
  if (authority === undefined) return { error: 'is no http or https URL with a host' };
  if (authority.includes('@')) return { error: 'holds user information' };
  const url = URL.parse(text);
  if (url === null) return { error: 'is no http or https URL with a host' };
  return withoutRootDot(url.hostname);
}

/** `example.com.` names the same host as `example.com`. */
function withoutRootDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

function normalHost(text: string): string | undefined {
  if (!/^(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])$/.test(text)) return undefined;
  const url = URL.parse(`http://${text}/`);
  return url === null ? undefined : withoutRootDot(url.hostname);
}
