import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, join, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { HarnessError } from '../../core/errors.js'
import type { Account } from './account.js'
import { type CyrusBinaries, namesIn } from './binaries.js'
import { dropWords } from './namespace.js'

/** Files that a process has mapped for execution, each once, as `/proc/PID/maps` has them. */
export function executableMappings(maps: string): string[] {
  const paths = new Set<string>()
  for (const line of maps.split('\n')) {
    const [, permissions, path] = /^\S+ (\S+) \S+ \S+ \d+ +(\/.*)$/.exec(line) ?? []
    if (permissions?.includes('x')) paths.add(path!)
  }
  return [...paths]
}

/**
 * What really runs: the program and every library that it has mapped, what was preloaded too.
 *
 * @returns path → sha256
 * @throws {HarnessError} `MASTER_SETUP` when a build's own library exists and another was loaded
 */
export async function provenance(
  pid: number,
  binaries: CyrusBinaries,
  account: Account,
): Promise<Record<string, string>> {
  const mapped = executableMappings(mapsOf(pid, account))
  checkOwnLibraries(mapped, binaries)
  const hashes: Record<string, string> = {}
  for (const path of mapped) hashes[path] = await hashOf(path)
  return hashes
}

function isCyrusPart(path: string): boolean {
  return /^(mupdate$|libcyrus|libsasl2)/.test(basename(path))
}

/**
 * A tree that is not where it was configured for loads the system's libraries unless told otherwise, and then measures
 * the wrong Cyrus.
 */
export function checkOwnLibraries(mapped: readonly string[], binaries: CyrusBinaries): void {
  if (binaries.prefix === undefined) return
  const inside = realpathSync(binaries.prefix) + sep
  const own = new Set(binaries.libraryDirectories.flatMap(namesIn).map(libraryName))
  const foreign = mapped.filter(path => isCyrusPart(path) && !path.startsWith(inside))
  const wrong = foreign.filter(path => basename(path) === 'mupdate' || own.has(libraryName(basename(path))))
  if (wrong.length === 0) return
  throw new HarnessError(
    'MASTER_SETUP',
    `the Cyrus of ${binaries.prefix} loaded ${wrong.join(', ')} instead of its own`,
    'give the prefix that holds both the programs and their libraries',
  )
}

/** `libcyrus_imap.so.0.0.0` is `libcyrus_imap`. */
function libraryName(file: string): string {
  return file.replace(/\.so(\..*)?$/, '')
}

/** A root without CAP_SYS_PTRACE, as in containers, may not look into another user's process; that user may. */
function mapsOf(pid: number, account: Account): string {
  const path = join('/proc', String(pid), 'maps')
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (!account.drop) throw unreadable(path, cause)
  }
  const [command, ...words] = dropWords(account)
  try {
    return execFileSync(command!, [...words, 'cat', path], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function unreadable(path: string, cause: unknown): HarnessError {
  return new HarnessError('MASTER_SETUP', `cannot read ${path}`, 'did mupdate die at once? see its log', { cause })
}

/** Of files as they were when they were last hashed: some libraries have 30 MB, and a gate starts twenty masters. */
const known = new Map<string, string>()

/** One that was replaced or removed while it runs can be known no more. */
async function hashOf(path: string): Promise<string> {
  const file = statSync(path, { throwIfNoEntry: false })
  if (file === undefined) return 'unknown: the file is gone'
  const key = `${path} ${file.ino} ${file.size} ${file.mtimeMs}`
  const hash = known.get(key) ?? (await sha256(path))
  known.set(key, hash)
  return hash
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
