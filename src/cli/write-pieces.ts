import { randomBytes } from 'node:crypto'
import {
  createWriteStream,
  existsSync,
  fchmodSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { HarnessError, messageOf } from '../core/errors.js'

/**
 * Writes what may be more than memory holds. A file is there when all of it is: until then what was there before is, and
 * may be what is read. Only where its folder cannot be written it is written in place.
 *
 * @param path undefined for standard output
 * @throws {HarnessError} `USAGE`
 */
export async function writePieces(
  pieces: Iterable<Buffer> | AsyncIterable<Buffer>,
  path: string | undefined,
): Promise<void> {
  // The pieces are big: one in hand is enough.
  const source = Readable.from(pieces, { highWaterMark: 1 })
  try {
    if (path === undefined) await pipeline(source, process.stdout, { end: false })
    else if (isSpecial(path)) await pipeline(source, createWriteStream(path))
    else await writeWhole(source, path)
  } catch (error) {
    if (error instanceof HarnessError) throw error
    // A reader that has seen enough (head) is no error.
    if (path === undefined && (error as NodeJS.ErrnoException).code === 'EPIPE') return
    const where = path ?? 'stdout'
    throw new HarnessError('USAGE', `cannot write to ${where}: ${messageOf(error)}`, 'give a place with room', {
      cause: error,
    })
  }
}

async function writeWhole(source: Readable, path: string): Promise<void> {
  // Of a link it is what it points to.
  const target = existsSync(path) ? realpathSync(path) : path
  const part = openPart(target)
  if (part === undefined) return pipeline(source, createWriteStream(target))
  try {
    await pipeline(source, createWriteStream(part.path, { fd: part.fd }))
    renameSync(part.path, target)
  } finally {
    rmSync(part.path, { force: true })
  }
}

/** As open to others as what it takes the place of. @returns undefined where a file may be written and its folder not */
function openPart(target: string): { readonly path: string; readonly fd: number } | undefined {
  const path = `${target}.${randomBytes(6).toString('hex')}.part`
  const before = statSync(target, { throwIfNoEntry: false })
  try {
    const fd = openSync(path, 'wx', before === undefined ? 0o666 : 0o600)
    if (before !== undefined) fchmodSync(fd, before.mode & 0o777)
    return { path, fd }
  } catch (error) {
    if (before !== undefined && ['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined
    throw error
  }
}

/** A pipe or a device, which nothing can take the place of. */
function isSpecial(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === false
}
