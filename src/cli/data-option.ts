import { InvalidArgumentError } from 'commander';

/** The value of --data. An empty one, as of a variable that is not set, would be the folder one stands in. */
export function folderName(text: string): string {
  if (text === '') throw new InvalidArgumentError('a folder is needed');
  return text;
}

/** The data folder the environment names. */
export function folderInEnvironment(env: NodeJS.ProcessEnv): string | undefined {
  const named = env['SALLYPORT_DATA'];
  return named === '' ? undefined : named;
}
