/** A bare MCP client for tests: what is sent is exactly what the test says, what comes back is shown whole. */

export const LEGACY = '2025-11-25';
export const MODERN = '2026-07-28';

export type Said = {
  readonly status: number;
  readonly text: string;
  readonly messages: any[];
  readonly headers: Headers;
};

export async function post(
  url: string,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Said> {
  const response = await fetch(url, {
    method: 'POST',
    body: typeof body === 'string' ? body : Buffer.from(body),
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  return {
    status: response.status,
    text,
    messages: messagesOf(text, response.headers.get('content-type') ?? ''),
    headers: response.headers,
  };
}

function messagesOf(text: string, type: string): any[] {
  if (text === '') return [];
  if (type.includes('text/event-stream')) {
    return text
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => JSON.parse(line.slice(6)));
  }
  return type.includes('json') ? [JSON.parse(text)] : [];
}

export class LegacySession {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly initialize: any;
  #next = 100;
  constructor(url: string, headers: Record<string, string>, initialize: any) {
    this.url = url;
    this.headers = headers;
    this.initialize = initialize;
  }

  static async open(url: string, token: string, version = LEGACY, capabilities: object = {}): Promise<LegacySession> {
    const auth: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` };
    const params = { protocolVersion: version, capabilities, clientInfo: { name: 'test', version: '1' } };
    const said = await post(url, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }), auth);
    if (said.status !== 200 || said.messages[0].result === undefined)
      throw new Error(`initialize: ${said.status} ${said.text}`);
    const session = said.headers.get('mcp-session-id');
    if (session === null) throw new Error('no session id');
    const headers = {
      ...auth,
      'mcp-session-id': session,
      'mcp-protocol-version': said.messages[0].result.protocolVersion,
    };
    await post(url, '{"jsonrpc":"2.0","method":"notifications/initialized"}', headers);
    return new LegacySession(url, headers, said.messages[0].result);
  }

  send(method: string, params: object = {}, id: string | number = this.#next++): Promise<Said> {
    return post(this.url, JSON.stringify({ jsonrpc: '2.0', id, method, params }), this.headers);
  }

  call(name: string, args: object = {}): Promise<Said> {
    return this.send('tools/call', { name, arguments: args });
  }
}

export function modernMeta(more: object = {}): object {
  return {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': MODERN,
      'io.modelcontextprotocol/clientCapabilities': {},
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      ...more,
    },
  };
}

export function modernHeaders(token: string, method: string, name?: string): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    'mcp-protocol-version': MODERN,
    'mcp-method': method,
    ...(name === undefined ? {} : { 'mcp-name': name }),
  };
}

export function modernCall(
  url: string,
  token: string,
  name: string,
  args: object = {},
  id: string | number = 1,
): Promise<Said> {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name, arguments: args, ...modernMeta() },
  });
  return post(url, body, modernHeaders(token, 'tools/call', name));
}
