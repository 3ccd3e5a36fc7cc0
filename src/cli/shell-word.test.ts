import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { shellWord } from './shell-word.ts';

test.each(['/plain/path-1.db', '/a b/é\'s "c" $HOME `x` \\ *', '', '-n', '~/x'])(
  'a shell reads %j as it is',
  (path) => {
    expect(execFileSync('sh', ['-c', `printf %s ${shellWord(path)}`], { encoding: 'utf8' })).toBe(path);
  },
);
