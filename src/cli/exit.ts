import type { Diagnostic } from '../domain/diagnostic.ts';
import { formatDiagnostic } from '../domain/diagnostic.ts';

/** Exit codes, as documented in docs/reference/commands.md. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  unavailable: 69,
  defect: 70,
  invalid: 78,
  interrupted: 130,
} as const;

/** Ends a command with a sentence on stderr and its exit code. */
export class CommandEnd extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export function invalid(errors: readonly Diagnostic[]): CommandEnd {
  return new CommandEnd(EXIT.invalid, errors.map(formatDiagnostic).join('\n'));
}

export function warn(warnings: readonly Diagnostic[]): void {
  for (const warning of warnings) process.stderr.write(`warning: ${formatDiagnostic(warning)}\n`);
}
