import {
  acceptedContent,
  type CallToolResult,
  completable,
  createRequestStateCodec,
  fromJsonSchema,
  type InputRequests,
  inputRequired,
  inputResponse,
  McpServer,
  ResourceTemplate,
  type ServerContext,
  type ServerNotifier,
} from '@modelcontextprotocol/server';
import { z } from 'zod';

/** What the official conformance suite looks for in a server. Names, texts and keys are the suite's: it checks them to the letter. */

const image = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const audio = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';
const states = createRequestStateCodec<string>({ key: 'the key of a fixture, not a secret at all' });

/** `notify`: how to reach the standing streams of the stateless revision over HTTP, where each request has a server of its own. */
export function conformantServer(notify?: ServerNotifier): McpServer {
  const server = new McpServer(
    { name: 'conformant', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        logging: {},
        completions: {},
      },
      requestState: { verify: (state, context) => states.verify(state, context) },
    },
  );
  // The SDK keeps no book of subscriptions; the suite only asks that they are accepted.
  server.server.setRequestHandler('resources/subscribe', () => ({}));
  server.server.setRequestHandler('resources/unsubscribe', () => ({}));
  offerTools(server, {
    tools: () => (notify === undefined ? server.sendToolListChanged() : notify.toolsChanged()),
    prompts: () => (notify === undefined ? server.sendPromptListChanged() : notify.promptsChanged()),
  });
  offerQuestions(server);
  offerResources(server);
  offerPrompts(server);
  return server;
}

type Run = (context: ServerContext) => Promise<CallToolResult> | CallToolResult;

const said = (text: string): CallToolResult => ({ content: [{ type: 'text', text }] });
const pause = () => new Promise((resolve) => setTimeout(resolve, 50));

function offerTools(server: McpServer, changed: { tools: () => void; prompts: () => void }): void {
  const picture = { type: 'image', data: image, mimeType: 'image/png' } as const;
  const embedded = (uri: string, mimeType: string, text: string) =>
    ({ type: 'resource', resource: { uri, mimeType, text } }) as const;
  const tools: Record<string, Run> = {
    test_simple_text: () => said('This is a simple text response for testing.'),
    test_image_content: () => ({ content: [picture] }),
    test_audio_content: () => ({ content: [{ type: 'audio', data: audio, mimeType: 'audio/wav' }] }),
    test_embedded_resource: () => ({
      content: [embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
    }),
    test_multiple_content_types: () => ({
      content: [
        { type: 'text', text: 'Multiple content types test:' },
        picture,
        embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
      ],
    }),
    test_tool_with_logging: logThrice,
    test_logging_tool: logThrice,
    test_tool_with_progress: async ({ mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken;
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined)
          await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
        if (progress < 100) await pause();
      }
      return said('Tool with progress executed successfully');
    },
    test_error_handling: () => ({
      ...said('This tool intentionally returns an error for testing'),
      isError: true,
    }),
    test_reconnection: async ({ http }) => {
      http?.closeSSE?.();
      await pause();
      return said('The stream was closed while this ran');
    },
    test_trigger_tool_change: () => {
      changed.tools();
      return said('tools changed');
    },
    test_trigger_prompt_change: () => {
      changed.prompts();
      return said('prompts changed');
    },
  };
  for (const [name, run] of Object.entries(tools)) server.registerTool(name, { description: name }, run);
  server.registerTool('json_schema_2020_12_tool', { description: 'a rich schema', inputSchema: richSchema }, () =>
    said('accepted'),
  );
  server.registerTool('test_custom_header', { description: 'mirrored', inputSchema: mirroredSchema }, () =>
    said('accepted'),
  );
}

async function logThrice({ mcpReq }: ServerContext): Promise<CallToolResult> {
  for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
    await mcpReq.log('info', data);
    await pause();
  }
  return said('Tool with logging executed successfully');
}

const richSchema = fromJsonSchema({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
});

const mirroredSchema = fromJsonSchema({
  type: 'object',
  properties: { region: { type: 'string', 'x-mcp-header': 'Region' } as never },
});

type Fields = Record<string, object>;

function form(message: string, properties: Fields, required = Object.keys(properties)) {
  return inputRequired.elicit({ message, requestedSchema: { type: 'object', properties, required } as never });
}
const ask = (prompt: string, maxTokens: number) =>
  inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text: prompt } }],
    maxTokens,
  });
const text = { type: 'string' };
const nameForm = form('What is your name?', { name: text });

/**
 * Tools that ask. Each says what it asks for and is done when every key is answered. A legacy client is asked by
 * requests of the server (the SDK sees to it), a modern one by an `input_required` result.
 */
function offerQuestions(server: McpServer): void {
  const questions: Record<string, InputRequests> = {
    test_sampling: { answer: ask('Say something', 100) },
    test_elicitation: { answer: form('Please answer', { username: text, email: text }) },
    test_elicitation_sep1034_defaults: { answer: form('Please review the defaults', defaults, []) },
    test_elicitation_sep1330_enums: { answer: form('Please choose', choices, []) },
    test_missing_capability: { answer: ask('Say something', 100) },
    test_streaming_elicitation: { answer: nameForm },
    test_input_required_result_elicitation: { user_name: nameForm },
    test_input_required_result_sampling: { capital_question: ask('What is the capital of France?', 100) },
    test_input_required_result_list_roots: { client_roots: inputRequired.listRoots() },
    test_input_required_result_capabilities: { capital_question: ask('What is the capital of France?', 100) },
  };
  for (const [name, inputRequests] of Object.entries(questions))
    server.registerTool(name, { description: name, inputSchema: z.looseObject({}) }, (_, { mcpReq }) =>
      answered(mcpReq.inputResponses, inputRequests)
        ? said(`answered: ${JSON.stringify(mcpReq.inputResponses)}`)
        : inputRequired({ inputRequests }),
    );
  const rounds: Record<string, readonly InputRequests[]> = {
    test_input_required_result_request_state: [{ confirm: form('Please confirm', { ok: { type: 'boolean' } }) }],
    test_input_required_result_tampered_state: [{ confirm: form('Please confirm', { ok: { type: 'boolean' } }) }],
    test_input_required_result_multiple_inputs: [
      { user_name: nameForm, greeting: ask('Generate a greeting', 50), client_roots: inputRequired.listRoots() },
    ],
    test_input_required_result_multi_round: [
      { step1: form('Step 1: What is your name?', { name: text }) },
      { step2: form('Step 2: What is your favorite color?', { color: text }) },
    ],
  };
  for (const [name, steps] of Object.entries(rounds))
    server.registerTool(name, { description: name }, async ({ mcpReq }) => {
      const at = steps.findIndex((_, round) => mcpReq.requestState() === `${name} ${round}`);
      const next = at >= 0 && answered(mcpReq.inputResponses, steps[at] ?? {}) ? at + 1 : Math.max(at, 0);
      const inputRequests = steps[next];
      if (inputRequests === undefined) return said('state-ok');
      return inputRequired({ inputRequests, requestState: await states.mint(`${name} ${next}`) });
    });
}

function answered(responses: Record<string, unknown> | undefined, inputRequests: InputRequests): boolean {
  return Object.keys(inputRequests).every((key) => inputResponse(responses, key).kind !== 'missing');
}

const defaults: Fields = {
  name: { ...text, default: 'John Doe' },
  age: { type: 'integer', default: 30 },
  score: { type: 'number', default: 95.5 },
  status: { ...text, enum: ['active', 'inactive', 'pending'], default: 'active' },
  verified: { type: 'boolean', default: true },
};

const options = ['option1', 'option2', 'option3'];
const titled = options.map((_, i) => ({ const: `value${i + 1}`, title: `Option ${i + 1}` }));
const choices: Fields = {
  untitledSingle: { ...text, enum: options },
  titledSingle: { ...text, oneOf: titled },
  legacyEnum: { ...text, enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
  untitledMulti: { type: 'array', items: { ...text, enum: options } },
  titledMulti: { type: 'array', items: { anyOf: titled } },
};

function offerResources(server: McpServer): void {
  const fixed = [
    { name: 'static-text', mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
    { name: 'static-binary', mimeType: 'image/png', blob: image },
    { name: 'watched-resource', mimeType: 'text/plain', text: 'Watched resource content.' },
  ];
  for (const { name, ...contents } of fixed) {
    const uri = `test://${name}`;
    const metadata = { description: name, mimeType: contents.mimeType };
    server.registerResource(name, uri, metadata, () => ({ contents: [{ uri, ...contents } as never] }));
  }
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined });
  const metadata = { description: 'data of an id', mimeType: 'application/json' };
  server.registerResource('template', template, metadata, (uri, { id }) => ({
    contents: [
      {
        uri: uri.href,
        mimeType: 'application/json',
        text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
      },
    ],
  }));
}

function offerPrompts(server: McpServer): void {
  const from = (...content: object[]) =>
    ({ messages: content.map((one) => ({ role: 'user', content: one })) }) as never;
  const words = (one: string) => ({ type: 'text', text: one });
  server.registerPrompt('test_simple_prompt', { description: 'simple' }, () =>
    from(words('This is a simple prompt for testing.')),
  );
  server.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'two arguments',
      argsSchema: z.object({ arg1: completable(z.string(), () => ['test']), arg2: z.string() }),
    },
    ({ arg1, arg2 }) => from(words(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'a resource', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) =>
      from(
        {
          type: 'resource',
          resource: { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' },
        },
        words('Please process the embedded resource above.'),
      ),
  );
  server.registerPrompt('test_prompt_with_image', { description: 'an image' }, () =>
    from({ type: 'image', data: image, mimeType: 'image/png' }, words('Please analyze the image above.')),
  );
  const inputRequests = { user_context: form('What context should the prompt use?', { context: text }) };
  server.registerPrompt('test_input_required_result_prompt', { description: 'asks first' }, ({ mcpReq }) => {
    const context = acceptedContent(mcpReq.inputResponses, 'user_context')?.['context'];
    return context === undefined
      ? inputRequired({ inputRequests })
      : from(words(`Use this context: ${String(context)}`));
  });
}
