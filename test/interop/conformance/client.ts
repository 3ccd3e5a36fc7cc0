/**
 * A client for the official conformance suite, which starts it once for each scenario: it uses all that the server at
 * the URL offers, straight or through a gateway of its own.
 *
 *   node client.ts straight|gateway URL
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startGateway, temporaryFolder } from '../../support/processes.ts';

const [way = 'straight', url = ''] = process.argv.slice(2);
const context = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}') as { toolCalls?: ToolCall[] };
const modern = process.env['MCP_CONFORMANCE_PROTOCOL_VERSION'] === '2026-07-28';
type ToolCall = { readonly name: string; readonly arguments: Record<string, unknown> };

if (way === 'straight') await use(url, {});
else await throughGateway();

async function throughGateway(): Promise<void> {
  const folder = temporaryFolder('conformance-client');
  const policy = { version: '1', default: 'allow' };
  const gateway = await startGateway({ folder: folder.path, policy, server: { url } });
  try {
    await use(gateway.url, { authorization: `Bearer ${gateway.token}` });
  } finally {
    await gateway.stop();
    folder.remove();
  }
}

async function use(at: string, headers: Record<string, string>): Promise<void> {
  const client = new Client(
    { name: 'conformance', version: '1' },
    {
      capabilities: { elicitation: { form: { applyDefaults: true } }, roots: {} },
      ...(modern ? { versionNegotiation: { mode: { pin: '2026-07-28' } } } : {}),
    },
  );
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: {} }));
  client.setRequestHandler('roots/list', () => ({ roots: [] }));
  await client.connect(new StreamableHTTPClientTransport(new URL(at), { requestInit: { headers } }));
  const offered = client.getServerCapabilities() ?? {};
  const { tools } = await client.listTools();
  for (const call of context.toolCalls ?? tools.map(callOf)) await client.callTool(call);
  if (offered.resources !== undefined)
    for (const { uri } of (await client.listResources()).resources) await client.readResource({ uri });
  if (offered.prompts !== undefined)
    for (const { name } of (await client.listPrompts()).prompts) await client.getPrompt({ name });
  await client.close();

  function callOf({ name }: { name: string }): ToolCall {
    // One scenario looks at a schema as the client sees it.
    const schema = tools.find((tool) => tool.name !== name)?.inputSchema;
    return { name, arguments: name === 'json_schema_echo' ? { schema } : { a: 5, b: 3 } };
  }
}
