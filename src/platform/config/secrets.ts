import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Secrets come from the environment or from files, never from the configuration itself. */

export type Secret = { readonly value: string } | { readonly missing: string };

const REFERENCE = /\$\{(env|file):([^}]*)\}/g;

/** Fills in `${env:NAME}` and `${file:PATH}`; paths are relative to `base`. A file's last line break is not part of it. */
export function fillIn(text: string, base: string, env: NodeJS.ProcessEnv): Secret {
  let missing: string | undefined;
  const value = text.replace(REFERENCE, (_whole, kind: string, name: string) => {
    if (kind === 'env') {
      const found = env[name];
      if (found === undefined) missing ??= `the environment variable ${name} is not set`;
      return found ?? '';
    }
    try {
      return readFileSync(resolve(base, name), 'utf8').replace(/\r?\n$/, '');
    } catch (fault) {
      missing ??= `the file ${name} cannot be read (${(fault as NodeJS.ErrnoException).code ?? 'error'})`;
      return '';
    }
  });
  return missing === undefined ? { value } : { missing };
}

/** The path of a text that is one `${file:PATH}` and nothing else. */
export function soleFile(text: string): string | undefined {
  return /^\$\{file:([^}]+)\}$/.exec(text)?.[1];
}

export function hasReference(text: string): boolean {
  return text.search(REFERENCE) !== -1;
}

const SECRET_NAME = /(?:token|secret|passw|api[-_]?key|authorization|credential|cookie)/i;
const SECRET_VALUE =
  /(?:^|[\s=])(?:sk-|ghp_|gho_|github_pat_|xox[abp]-|AKIA|eyJ)[A-Za-z0-9_-]{8,}|(?:^|[\s=])(?=\S*[0-9])(?=\S*[A-Za-z])[A-Za-z0-9+_-]{32,}={0,2}$/;

/** Whether a literal looks like something that should not stand in a file that is shared. */
export function looksSecret(name: string, value: string): boolean {
  if (hasReference(value) || value === '') return false;
  return SECRET_VALUE.test(value) || (SECRET_NAME.test(name) && value.length >= 8);
}
