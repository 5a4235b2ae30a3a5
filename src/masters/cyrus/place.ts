import { existsSync, readFileSync, statfsSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { HarnessError } from '../../core/errors.js'
import { formatBytes } from '../../core/units.js'

/** Where the mailbox database lies; it decides a lot: ACTIVATE is some 15 times faster on tmpfs. */
export type Place = 'tmpfs' | 'disk'

/** 500k mailboxes take 90–170 MB, and a checkpoint writes the database anew. */
export const NEEDED_BYTES = 300e6
/** linux/magic.h: TMPFS_MAGIC, RAMFS_MAGIC */
const MEMORY_FILE_SYSTEMS = [0x01021994, 0x858458f6]
/** A UNIX socket's path ends at 107 bytes, and Cyrus binds `<directory>/<ours>/conf/socket/mupdate.target`. */
const LONGEST_DIRECTORY = 107 - '/mupdate-bench-cyrus-0123456789ab/conf/socket/mupdate.target'.length
/** Beside connections: databases, sockets, libraries, the log. */
const SPARE_DESCRIPTORS = 100
const MOST_DESCRIPTORS = 4096

/**
 * The directory to make the master's own in.
 *
 * @param directory as asked for; otherwise the first usable one of the kind
 * @throws {HarnessError} `MASTER_SETUP` when it is of the other kind, too small, or has too long a name
 */
export function chooseParent(place: Place, directory?: string): string {
  const usual = place === 'tmpfs' ? ['/dev/shm', tmpdir()] : [tmpdir(), '/var/tmp', process.cwd()]
  const candidates = directory === undefined ? usual : [resolve(directory)]
  const fitting = candidates.filter(candidate => existsSync(candidate) && placeOf(candidate) === place)
  const parent = fitting.find(candidate => freeBytes(candidate) >= NEEDED_BYTES) ?? fitting[0]
  if (parent === undefined) {
    throw setup(
      `${candidates.join(', ')}: no ${place} there`,
      'choose another directory, or the other place (tmpfs, disk)',
    )
  }
  checkParent(parent)
  return parent
}

function checkParent(parent: string): void {
  const free = freeBytes(parent)
  if (free < NEEDED_BYTES) {
    const text = `${parent} has ${formatBytes(free)} free, Cyrus needs ${formatBytes(NEEDED_BYTES)}`
    throw setup(text, 'free some, choose another directory, or the other place (tmpfs, disk)')
  }
  if (Buffer.byteLength(parent) > LONGEST_DIRECTORY) {
    throw setup(`${parent} is too long a path for sockets`, `choose one of at most ${LONGEST_DIRECTORY} bytes`)
  }
}

export function placeOf(directory: string): Place {
  return MEMORY_FILE_SYSTEMS.includes(statfsSync(directory).type) ? 'tmpfs' : 'disk'
}

function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}

/**
 * The service's `maxfds`: as many as are allowed, up to 4096.
 *
 * @param limits text of `/proc/self/limits`
 * @throws {HarnessError} `MASTER_SETUP` when that is too few for the connections that mupdate may take
 */
export function descriptorsFor(connections: number, limits = readFileSync('/proc/self/limits', 'utf8')): number {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1]
  const allowed = hard === undefined || hard === 'unlimited' ? MOST_DESCRIPTORS : Number(hard)
  const needed = connections + SPARE_DESCRIPTORS
  if (allowed < needed) {
    const text = `a process may open ${allowed} files, Cyrus needs ${needed} for ${connections} connections`
    throw setup(text, `raise it (ulimit -Hn ${needed}), or lower the setting mupdate_connections_max`)
  }
  return Math.min(allowed, MOST_DESCRIPTORS)
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((listening, reject) => {
    server.once('error', cause => reject(setup('no free port on 127.0.0.1', 'see the cause', cause)))
    server.listen(0, '127.0.0.1', listening)
  })
  const address = server.address()
  await new Promise(closed => server.close(closed))
  if (address === null || typeof address === 'string') throw setup('no free port on 127.0.0.1', 'is loopback up?')
  return address.port
}

function setup(message: string, hint: string, cause?: unknown): HarnessError {
  return new HarnessError('MASTER_SETUP', message, hint, cause === undefined ? undefined : { cause })
}
