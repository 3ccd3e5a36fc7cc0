import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { root, startGateway, temporaryFolder } from '../support/processes.ts';
import { LegacySession } from '../support/wire.ts';

/** Servers nobody here wrote, behind the gateway as child processes. */
const folder = temporaryFolder('servers');
afterAll(() => folder.remove());
const server = (name: string) => join(root, 'node_modules', '.bin', `mcp-server-${name}`);

describe('servers of the protocol’s own collection', () => {
  test('everything: tools, prompts, resources, progress, completion, logging', async () => {
    const policy = {
      version: '1',
      default: 'allow',
      prompts: { allow: ['*'] },
      resources: { allow: ['*'], hide: ['demo://resource/static/document/startup*'] },
    };
    const gateway = await startGateway({
      folder: join(folder.path, 'everything'),
      policy,
      server: { command: server('everything'), args: [] },
    });
    const session = await LegacySession.open(gateway.url, gateway.token, '2025-06-18', { elicitation: {} });
    const { tools } = (await session.send('tools/list')).messages[0].result;
    expect(tools.length).toBeGreaterThan(8);
    const echo = await session.call('echo', { message: 'hi' });
    expect(echo.messages.at(-1).result.content[0].text).toContain('hi');
    const long = tools.find(({ name }: any) => /long.?running/i.test(name)).name;
    const ran = await session.send('tools/call', {
      name: long,
      arguments: { duration: 1, steps: 4 },
      _meta: { progressToken: 1 },
    });
    expect(ran.messages.filter(({ method }) => method === 'notifications/progress')).toHaveLength(4);
    expect((await session.send('prompts/list')).messages[0].result.prompts.length).toBeGreaterThan(1);
    const { resources } = (await session.send('resources/list')).messages[0].result;
    expect(resources.length).toBeGreaterThan(0);
    expect((await session.send('resources/read', { uri: resources[0].uri })).messages[0].result.contents).toHaveLength(
      1,
    );
    expect((await session.send('logging/setLevel', { level: 'debug' })).messages.at(-1).result).toEqual({});
    await gateway.stop();
  });

  test('filesystem: reading is let through, writing is not', async () => {
    const files = join(realpathSync(folder.path), 'files');
    mkdirSync(files);
    writeFileSync(join(files, 'a.txt'), 'contents');
    const policy = {
      version: '1',
      default: 'deny',
      tools: { 'read_*': {}, write_file: { action: 'deny', reason: 'read only' } },
    };
    const gateway = await startGateway({
      folder: join(folder.path, 'filesystem'),
      policy,
      server: { command: server('filesystem'), args: [files] },
    });
    const session = await LegacySession.open(gateway.url, gateway.token);
    const read = await session.call('read_text_file', { path: join(files, 'a.txt') });
    expect(read.messages.at(-1).result.content[0].text).toBe('contents');
    const wrote = await session.call('write_file', { path: join(files, 'b.txt'), content: 'x' });
    expect(wrote.messages[0].result._meta['sallyport/refusal'].rule).toBe('/tools/write_file/action');
    await gateway.stop();
  });

  test('memory: a graph is made and read within one session', async () => {
    const policy = { version: '1', default: 'allow', hide: ['delete_*'] };
    const env = { MEMORY_FILE_PATH: join(folder.path, 'memory.json') };
    const gateway = await startGateway({
      folder: join(folder.path, 'memory'),
      policy,
      server: { command: server('memory'), env },
    });
    const session = await LegacySession.open(gateway.url, gateway.token);
    const made = await session.call('create_entities', {
      entities: [{ name: 'gate', entityType: 'thing', observations: ['two doors'] }],
    });
    expect(made.messages.at(-1).result.isError ?? false).toBe(false);
    expect((await session.call('read_graph')).text).toContain('two doors');
    expect((await session.call('delete_entities', { entityNames: ['gate'] })).messages[0].error.code).toBe(-32602);
    await gateway.stop();
  });
});
