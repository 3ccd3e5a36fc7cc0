import { expect, test } from 'vitest';
import { debianInstaller } from './debian-installer.ts';

test('The list of packages is fetched once, and each part is installed', () => {
  const asked: string[] = [];
  const install = debianInstaller(
    (args) => asked.push(args.join(' ')) > 0,
    () => true,
  );
  expect([install(['redis-server']), install(['python3', 'python3-venv'])]).toEqual([true, true]);
  expect(asked).toEqual([
    'update',
    'install -y --no-install-recommends redis-server',
    'install -y --no-install-recommends python3 python3-venv',
  ]);
});

test('A list that could not be fetched is asked for again, and what could not be installed is said', () => {
  const asked: string[] = [];
  const install = debianInstaller(
    (args) => {
      asked.push(args[0] ?? '');
      return false;
    },
    () => true,
  );
  expect([install(['a']), install(['b'])]).toEqual([false, false]);
  expect(asked).toEqual(['update', 'install', 'update', 'install']);
});

test('Without the right to install nothing is run', () => {
  const install = debianInstaller(
    () => {
      throw new Error('apt-get ran');
    },
    () => false,
  );
  expect(install(['a'])).toBe(false);
});
