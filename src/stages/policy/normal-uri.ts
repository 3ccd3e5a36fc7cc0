/**
 * A URI as whoever reads it understands it: scheme and host in lower case, letters and digits not escaped
 * (RFC 3986, 6.2.2), `file://localhost/` as `file:///` (RFC 8089, 2). A hidden resource is hidden in every spelling.
 */
export function normalUri(uri: string): string {
  return uri
    .replace(ESCAPED, (escaped, hex: string) => {
      const character = String.fromCharCode(Number.parseInt(hex, 16));
      return UNRESERVED.test(character) ? character : escaped;
    })
    .replace(SCHEME_AND_HOST, (start) => start.toLowerCase())
    .replace(/^file:\/\/localhost(?=\/)/, 'file://');
}

const ESCAPED = /%([2-7][0-9a-f])/gi;
const UNRESERVED = /[A-Za-z0-9._~-]/;
const SCHEME_AND_HOST = /^[a-z][a-z0-9+.-]*:(?:\/\/[^/?#]*)?/i;
