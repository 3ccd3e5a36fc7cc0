import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, jsonText } from '../../domain/json.ts';
import type { Reply } from '../../domain/reply.ts';
import { readJsonText } from '../../platform/read-json.ts';

/** The complete `tools/list` of one upstream session: what a call's name is judged by. */
export type ToolList = {
  readonly kind: 'tools';
  readonly tools: readonly JsonObject[];
  readonly byName: ReadonlyMap<string, JsonObject>;
  /** The first page's result without `tools` and `nextCursor`. */
  readonly extras: JsonObject;
};

export type NoToolList = { readonly kind: 'no-list'; readonly why: string };

/** Fetches page after page. Two tools of one name are one name: the first is kept, the second reported. */
export async function fetchToolList(
  page: (cursor: string | undefined) => Promise<Reply>,
  options: { readonly forHttp: boolean; readonly onProblem: (why: string) => void },
): Promise<ToolList | NoToolList> {
  const tools: JsonObject[] = [];
  const byName = new Map<string, JsonObject>();
  let extras: JsonObject = {};
  let cursor: string | undefined;
  let length = 0;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const reply = await page(cursor);
    length += reply.kind === 'replied' ? reply.text.length : 0;
    if (length > LIST_LENGTH_MAX)
      return { kind: 'no-list', why: `its tools/list is longer than ${LIST_LENGTH_MAX} characters` };
    const result = resultOf(reply);
    if (typeof result === 'string') return { kind: 'no-list', why: result };
    if (pages === 0) extras = without(result, ['tools', 'nextCursor']);
    const listed = result['tools'];
    if (!isJsonArray(listed)) return { kind: 'no-list', why: 'its tools/list holds no `tools`' };
    for (const tool of listed) {
      const name = isJsonObject(tool) ? tool['name'] : undefined;
      if (!isJsonObject(tool) || typeof name !== 'string') {
        options.onProblem('a tool without a name is left out');
        continue;
      }
      if (byName.has(name)) {
        options.onProblem(`the tool \`${name}\` is listed twice; the second is left out`);
        continue;
      }
      const badHeader = options.forHttp ? headerFault(tool) : undefined;
      if (badHeader !== undefined) {
        options.onProblem(`the tool \`${name}\` is left out: ${badHeader}`);
        continue;
      }
      byName.set(name, tool);
      tools.push(tool);
    }
    const next = result['nextCursor'];
    if (typeof next !== 'string') return { kind: 'tools', tools, byName, extras };
    cursor = next;
  }
  return { kind: 'no-list', why: `its tools/list has more than ${PAGES_MAX} pages` };
}

/** The `result` object of a reply, or why there is none. */
export function resultOf(reply: Reply): JsonObject | string {
  switch (reply.kind) {
    case 'replied': {
      const read = readJsonText(reply.text, LIST_DEPTH_MAX);
      if (read.kind === 'malformed') return `its answer cannot be read: ${read.why}`;
      const message = read.value;
      const result = isJsonObject(message) ? message['result'] : undefined;
      if (isJsonObject(result)) return result;
      const error = isJsonObject(message) ? message['error'] : undefined;
      if (error === undefined) return 'its answer holds no result';
      return `it answered with an error: ${jsonText((isJsonObject(error) ? error['message'] : error) ?? null)}`;
    }
    case 'withheld':
    case 'failed':
    case 'not-sent':
    case 'unknown':
      return reply.why;
    default:
      reply satisfies never;
      return 'its answer is of no known kind';
  }
}

/** Arguments that an HTTP server wants mirrored as headers: argument path → header name, from `x-mcp-header` annotations. */
export function mirroredHeaders(tool: JsonObject): readonly MirroredHeader[] {
  const found: MirroredHeader[] = [];
  collect(tool['inputSchema'], [], found, 0);
  return found;
}

export type MirroredHeader = { readonly path: readonly string[]; readonly header: string; readonly schema: JsonObject };

function collect(schema: JsonValue | undefined, path: readonly string[], found: MirroredHeader[], depth: number): void {
  if (!isJsonObject(schema) || depth > 16) return;
  const header = schema['x-mcp-header'];
  if (header !== undefined) found.push({ path, header: typeof header === 'string' ? header : '', schema });
  const properties = schema['properties'];
  if (!isJsonObject(properties)) return;
  for (const key in properties) collect(properties[key], [...path, key], found, depth + 1);
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const MIRRORABLE = new Set<JsonValue>(['string', 'integer', 'boolean']);

/** Why a tool may not be used over HTTP (SEP-2243): its header annotations are invalid. */
function headerFault(tool: JsonObject): string | undefined {
  const seen = new Set<string>();
  const annotations = mirroredHeaders(tool);
  for (const { header, schema } of annotations) {
    if (!TOKEN.test(header)) return '`x-mcp-header` is no header token';
    const folded = header.toLowerCase();
    if (seen.has(folded)) return `two arguments claim the header \`${header}\``;
    seen.add(folded);
    if (!MIRRORABLE.has(schema['type'] ?? null))
      return `\`x-mcp-header\` stands on something other than a string, integer or boolean`;
  }
  const total = (jsonText(tool['inputSchema'] ?? null).match(/"x-mcp-header":/g) ?? []).length;
  if (total > annotations.length)
    return '`x-mcp-header` stands where no argument can be reached through `properties` alone';
  return undefined;
}

function without(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

/** Of a list that is read to its end. */
export const PAGES_MAX = 100;
/** Of all pages together: each alone has the bound of an answer. */
const LIST_LENGTH_MAX = 64 * 1024 * 1024;
const LIST_DEPTH_MAX = 256;
