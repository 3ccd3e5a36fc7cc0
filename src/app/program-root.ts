import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the package lies, and how its examples are started: as sources in a clone, compiled where it is installed. */
export function programRoot(): { readonly root: string; readonly example: (name: string) => string } {
  const here = fileURLToPath(import.meta.url);
  const compiled = here.endsWith('.js');
  let root = dirname(here);
  while (!existsSync(join(root, 'package.json'))) root = dirname(root);
  const base = compiled ? join(root, 'dist', 'examples', 'binance') : join(root, 'examples', 'binance');
  return { root, example: (name) => join(base, `${name}${compiled ? '.js' : '.ts'}`) };
}
