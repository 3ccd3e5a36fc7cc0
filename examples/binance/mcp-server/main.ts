/** Entry: reads the settings, then serves MCP on stdio or HTTP. stdout carries JSON-RPC only; everything else goes to stderr. */
import { notUsed, readSettings, SettingError, type Settings, usage } from './settings.ts';

const log = (line: string): void => {
  process.stderr.write(`binance-mcp-server: ${line}\n`);
};

// A library that prints would break the protocol on stdout.
console.log = console.info = console.debug = (...given: unknown[]) => console.error(...given);

async function main(argv: readonly string[]): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(usage);
    return;
  }
  let settings: Settings;
  try {
    settings = readSettings(argv, process.env);
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    log(error.message);
    process.exitCode = 2;
    return;
  }
  for (const line of notUsed(settings)) log(line);
  // Loaded after the settings were found good, so that a wrong one is reported at once.
  if (settings.http === undefined) await (await import('./stdio.ts')).serveOnStdio(settings, log);
  else await (await import('./http.ts')).serveOnHttp(settings, { port: settings.http.port, log });
}

await main(process.argv.slice(2));
