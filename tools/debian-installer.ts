import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Runs `apt-get` with these arguments; whether it ended well. */
export type Apt = (args: readonly string[]) => boolean;

const onThisMachine: Apt = (args) =>
  spawnSync('apt-get', ['-qq', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }).status === 0;

const rootOnDebian = () => process.getuid?.() === 0 && existsSync('/etc/debian_version');

/**
 * Installs Debian packages where that is possible: as root on Debian or Ubuntu.
 * @returns takes package names, says whether all of them were installed. The list of packages is fetched once, before the first.
 */
export function debianInstaller(
  apt: Apt = onThisMachine,
  possible: () => boolean = rootOnDebian,
): (packages: readonly string[]) => boolean {
  let updated = false;
  return (packages) => {
    if (!possible()) return false;
    process.stderr.write(`installing ${packages.join(', ')} …\n`);
    if (!updated) updated = apt(['update']);
    return apt(['install', '-y', '--no-install-recommends', ...packages]);
  };
}
