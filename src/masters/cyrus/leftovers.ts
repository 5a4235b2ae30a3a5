import { lstatSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { namesIn } from './binaries.js'
import { removeMaster } from './processes.js'

/** Every private directory's name begins so. */
export const DIRECTORY_PREFIX = 'mupdate-bench-cyrus-'

/** Notes whose directory it is, for {@link removeLeftovers}. */
export function signDirectory(directory: string): void {
  writeFileSync(ownerFile(directory), ownerOf(process.pid))
}

/**
 * Removes what is left when a harness and its supervisor were killed at once: directories whose supervisor is gone, and
 * what still runs in them.
 *
 * @param uid only of this user: anybody can make a directory of that name in /dev/shm
 */
export async function removeLeftovers(parent: string, uid: number): Promise<void> {
  for (const name of namesIn(parent)) {
    const directory = join(parent, name)
    if (name.startsWith(DIRECTORY_PREFIX) && isAbandoned(directory, uid)) await removeMaster(directory)
  }
}

function isAbandoned(directory: string, uid: number): boolean {
  try {
    const status = lstatSync(directory)
    if (!status.isDirectory() || status.uid !== uid) return false
    const signed = readFileSync(ownerFile(directory), 'utf8')
    const [pidNamespace, pid] = signed.split(' ')
    return pidNamespace === ownNamespace() && ownerOf(Number(pid)) !== signed
  } catch {
    return false
  }
}

/** A pid is told from an older process's by its start time; containers that share /dev/shm by their namespace. */
function ownerOf(pid: number): string {
  return `${ownNamespace()} ${pid} ${startTicks(pid)}`
}

function ownNamespace(): string {
  return readlinkSync('/proc/self/ns/pid')
}

/** proc(5), field 22; 0 when there is no such process, or only its zombie, which some containers' init leaves lying. */
function startTicks(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? 0 : Number(fields[19])
  } catch {
    return 0
  }
}

function ownerFile(directory: string): string {
  return join(directory, 'supervisor')
}
