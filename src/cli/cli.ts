import { Command, CommanderError } from 'commander';
import { Unavailable } from '../platform/unavailable.ts';
import { CommandEnd, EXIT } from './exit.ts';

/** Loaded when named: a command must not pay for the others. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  demo: async () => (await import('./demo.ts')).demoCommand(),
  start: async () => (await import('./start.ts')).startCommand(),
  wrap: async () => (await import('./wrap.ts')).wrapCommand(),
  stdio: async () => (await import('./stdio.ts')).stdioCommand(),
  config: async () => (await import('./config.ts')).configCommand(),
  grants: async () => (await import('./grants.ts')).grantsCommand(),
  policy: async () => (await import('./policy.ts')).policyCommand(),
  limits: async () => (await import('./limits.ts')).limitsCommand(),
  audit: async () => (await import('./audit.ts')).auditCommand(),
};

/** Runs one command line and sets the exit code. Results go to stdout, everything else to stderr. */
export async function run(argv: readonly string[]): Promise<void> {
  endWithParent();
  endWithReader(argv[2] ?? '');
  const program = new Command('sallyport')
    .description('A policy gate between AI agents and MCP servers: nothing reaches a server without passing the rules.')
    .version('0.1.0')
    .exitOverride()
    .showHelpAfterError(HELP)
    .configureOutput({ writeErr: (text) => process.stderr.write(text) });
  const named = argv[2] !== undefined && Object.hasOwn(COMMANDS, argv[2]) ? [argv[2]] : Object.keys(COMMANDS);
  for (const name of named) {
    const load = COMMANDS[name];
    if (load !== undefined) program.addCommand(quiet(await load()));
  }
  try {
    await program.parseAsync([...argv]);
  } catch (thrown) {
    process.exitCode = told(thrown);
  }
}

/** Errors of usage are thrown from subcommands too, so that there is one place for exit codes. */
function quiet(command: Command): Command {
  command.exitOverride().showHelpAfterError(HELP);
  for (const child of command.commands) quiet(child);
  return command;
}

const HELP = '(add --help for the options and an example)';

function told(thrown: unknown): number {
  if (thrown instanceof CommanderError) {
    // commander has written its own message; asking for help or the version is no error.
    return thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  if (thrown instanceof CommandEnd) {
    process.stderr.write(`${thrown.message}\n`);
    return thrown.code;
  }
  if (thrown instanceof Unavailable) {
    process.stderr.write(`${thrown.message}; ${thrown.remedy}\n`);
    return EXIT.unavailable;
  }
  if (isFaultOfDatabase(thrown)) {
    const why = thrown.message;
    process.stderr.write(`the database cannot be used: ${why}; see to the disk, or restore the file from a copy\n`);
    return EXIT.unavailable;
  }
  const stack = thrown instanceof Error ? thrown.stack : String(thrown);
  process.stderr.write(`a defect of sallyport: please report these lines with what you ran\n${stack}\n`);
  return EXIT.defect;
}

/** What SQLite says of the file and its disk; anything else it says is a mistake of ours. https://sqlite.org/rescode.html */
function isFaultOfDatabase(thrown: unknown): thrown is Error {
  if (!(thrown instanceof Error) || !('errcode' in thrown)) return false;
  return FAULTS_OF_FILE.has(Number(thrown.errcode) & 0xff);
}

/** PERM, BUSY, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB. */
const FAULTS_OF_FILE = new Set([3, 5, 8, 10, 11, 13, 14, 26]);

/** Nobody reads the output any more, as behind `| head`: a report ends without a word, what serves goes on. */
function endWithReader(command: string): void {
  process.stdout.on('error', () => {
    if (!SERVING.has(command)) process.exit(EXIT.failed);
  });
}

const SERVING = new Set(['demo', 'start', 'wrap', 'stdio']);

/** Started by an older Node that hands over: when that process dies, the pipe it holds closes, and so do we. */
function endWithParent(): void {
  const fd = Number(process.env['SALLYPORT_PARENT_FD']);
  if (!Number.isInteger(fd) || fd < 3) return;
  delete process.env['SALLYPORT_PARENT_FD'];
  void import('node:net').then(({ Socket }) => {
    const pipe = new Socket({ fd, readable: true, writable: false });
    pipe.on('error', () => {});
    pipe.on('close', () => process.kill(process.pid, 'SIGTERM'));
    pipe.resume();
    pipe.unref();
  });
}
