import { compareDecimals, parseDecimal } from '../../domain/decimal.ts';
import { isJsonObject, JsonNumber, type JsonObject, type JsonValue } from '../../domain/json.ts';

const WRAPPED = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/;
const LITERAL = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** The value of a mirrored header (SEP-2243): base64 of UTF-8 between exact markers, both, else literal. Undefined: unreadable. */
export function decodeMirrored(value: string): string | undefined {
  if (!value.startsWith('=?base64?') || !value.endsWith('?=')) return value;
  const match = WRAPPED.exec(value);
  if (match === null) return undefined;
  const [, encoded = ''] = match;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded) return undefined;
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : undefined;
}

export function encodeMirrored(value: string): string {
  if (LITERAL.test(value) && !value.startsWith('=?base64?')) return value;
  return `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`;
}

/** Where an argument is mirrored: from the tool's `x-mcp-header` annotations. */
export type Mirror = { readonly path: readonly string[]; readonly header: string };

/**
 * Holds `Mcp-Param-*` against the arguments and gives the headers to send on, made anew from the arguments. An
 * argument that is present and not null must be mirrored; a header without its argument lies.
 */
export function checkMirrors(
  mirrors: readonly Mirror[],
  args: JsonObject,
  sent: readonly (readonly [name: string, value: string])[],
): { readonly headers: readonly (readonly [string, string])[] } | { readonly wrong: string } {
  const headers: (readonly [string, string])[] = [];
  for (const { path, header } of mirrors) {
    const name = `mcp-param-${header.toLowerCase()}`;
    const given = sent.filter(([key]) => key === name);
    const value = valueAt(args, path);
    if (value === undefined || value === null) {
      if (given.length > 0) return { wrong: `Mcp-Param-${header} is sent, its argument is not` };
      continue;
    }
    const [first] = given;
    if (first === undefined) return { wrong: `the header Mcp-Param-${header} is missing, its argument is not` };
    if (given.length > 1) return { wrong: `Mcp-Param-${header} is sent more than once` };
    const text = mirrorText(value);
    if (text === undefined) return { wrong: `the argument of Mcp-Param-${header} is no string, integer or boolean` };
    const decoded = decodeMirrored(first[1]);
    if (decoded === undefined) return { wrong: `Mcp-Param-${header} is encoded in a way that cannot be read` };
    if (!sameValue(decoded, value)) return { wrong: `Mcp-Param-${header} differs from its argument` };
    headers.push([name, encodeMirrored(text)]);
  }
  // What the tool does not annotate is passed on: an intermediary that does not know a header must forward it.
  const known = new Set(mirrors.map(({ header }) => `mcp-param-${header.toLowerCase()}`));
  for (const [name, value] of sent) if (!known.has(name)) headers.push([name, value]);
  return { headers };
}

/** The headers for a client that sends none (stdio), so that an HTTP server gets what it needs. */
export function makeMirrors(mirrors: readonly Mirror[], args: JsonObject): readonly (readonly [string, string])[] {
  const headers: (readonly [string, string])[] = [];
  for (const { path, header } of mirrors) {
    const text = mirrorText(valueAt(args, path));
    if (text !== undefined) headers.push([`mcp-param-${header.toLowerCase()}`, encodeMirrored(text)]);
  }
  return headers;
}

function valueAt(args: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = args;
  for (const key of path) {
    if (!isJsonObject(value)) return undefined;
    value = value[key];
  }
  return value;
}

function mirrorText(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  return value instanceof JsonNumber ? value.text : undefined;
}

/** A number may be written in another way, `7` as `7.0`; it is the same to its last digit or not at all. */
function sameValue(text: string, value: JsonValue): boolean {
  if (mirrorText(value) === text) return true;
  const said = value instanceof JsonNumber ? parseDecimal(text) : undefined;
  const meant = value instanceof JsonNumber ? parseDecimal(value.text) : undefined;
  return said !== undefined && meant !== undefined && compareDecimals(said, meant) === 0;
}
