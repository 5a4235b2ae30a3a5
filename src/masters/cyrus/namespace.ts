import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Account } from './account.js'

/**
 * How Cyrus gets a `/dev/log` of its own: in a mount namespace (root), in a user namespace with a mount namespace
 * (anybody, where the system allows it), or not at all.
 */
export type Isolation = 'mount' | 'user' | 'none'

const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'] as const

/**
 * A private `/dev` is laid over the system's, because a bind mount over `/dev/log` alone needs one to be there, and
 * containers have none. The order matters where the directory itself lies in /dev/shm.
 */
const MOUNT_SCRIPT = `set -e
new=$1; shift
mount --rbind /dev/shm "$new/shm"
for device in ${DEVICES.join(' ')}; do
  if [ -e "/dev/$device" ]; then mount --bind "/dev/$device" "$new/$device"; fi
done
mount --rbind "$new" /dev
cd /
exec "$@"`

/** @returns where the log socket has to be made, inside the private `/dev` */
export function prepareDev(directory: string): string {
  const dev = devOf(directory)
  mkdirSync(join(dev, 'shm'), { recursive: true })
  for (const device of DEVICES) closeSync(openSync(join(dev, device), 'w'))
  for (const [name, target] of Object.entries({ fd: '', stdin: '/0', stdout: '/1', stderr: '/2' })) {
    symlinkSync(`/proc/self/fd${target}`, join(dev, name))
  }
  return join(dev, 'log')
}

/** The best that works here, found by trying it. */
export function findIsolation(account: Account, directory: string): { isolation: Isolation; reason?: string } {
  const isolation = account.drop ? 'mount' : 'user'
  if (!existsSync('/dev/shm')) return { isolation: 'none', reason: 'there is no /dev/shm' }
  const [command, ...args] = [...launchWords(account, directory, isolation), 'test', '-S', '/dev/log']
  const trial = spawnSync(command!, args, { encoding: 'utf8', cwd: '/', timeout: 10_000 })
  if (trial.status === 0) return { isolation }
  return { isolation: 'none', reason: trial.error?.message ?? (trial.stderr.trim() || `status ${trial.status}`) }
}

/**
 * The words before a command that make it run as the account, with the private `/dev`. Each of them replaces itself by
 * the next, so that the process started is the command itself in the end. Should the supervisor be killed, the kernel
 * sends Cyrus's `master` a SIGTERM, on which it ends its services too.
 */
export function launchWords(account: Account, directory: string, isolation: Isolation): string[] {
  const become = account.drop ? dropWords(account) : ['setpriv']
  const command = [...become, '--pdeathsig', 'TERM']
  if (isolation === 'none') return command
  const mounted = ['sh', '-c', MOUNT_SCRIPT, 'sh', devOf(directory)]
  if (isolation === 'mount') return ['unshare', '--mount', ...mounted, ...command]
  // Mounting needs to be root in the namespace, mupdate refuses to be: a second namespace inside maps back.
  const mapBack = ['unshare', '--user', `--map-user=${account.uid}`, `--map-group=${account.gid}`]
  return ['unshare', '--user', '--map-root-user', '--mount', ...mounted, ...mapBack, ...command]
}

export function dropWords(account: Account): string[] {
  return ['setpriv', `--reuid=${account.uid}`, `--regid=${account.gid}`, '--init-groups']
}

function devOf(directory: string): string {
  return join(directory, 'dev')
}
