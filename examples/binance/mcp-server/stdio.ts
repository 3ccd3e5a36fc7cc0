/** MCP on stdin and stdout, every revision the SDK speaks. Ends when the client closes the pipe and has its answers. */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { endWithLauncher } from '../launcher.ts';
import { openPipe } from './last-words.ts';
import { makeServer } from './server.ts';
import type { Settings } from './settings.ts';
import { openVenue } from './venue.ts';

export async function serveOnStdio(settings: Settings, log: (line: string) => void): Promise<void> {
  const venue = openVenue(settings, log);
  const pipe = openPipe(process.stdin, process.stdout);
  const handle = serveStdio(
    () =>
      makeServer({ settings, urls: () => venue.urls(), account: () => venue.account(), warm: () => venue.warm(), log }),
    { transport: pipe.transport, onerror: (error) => log(error.message) },
  );
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= handle.close().then(() => venue.close()));
  const end = (): void => {
    close()
      .catch((error: unknown) => log(`closing: ${error instanceof Error ? error.message : 'unknown error'}`))
      .finally(() => process.exit(0));
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  endWithLauncher('binance', end);
  log(`${settings.mode} mode on stdio`);
  await pipe.ended;
  end();
}
