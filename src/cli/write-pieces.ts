import { createWriteStream, renameSync, rmSync, statSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { HarnessError, messageOf } from '../core/errors.js'

/**
 * Writes what may be more than memory holds. A file is there when all of it is: until then what was there before is, and
 * may be what is read.
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
  const part = `${path}.part`
  try {
    await pipeline(source, createWriteStream(part))
    renameSync(part, path)
  } finally {
    rmSync(part, { force: true })
  }
}

/** A pipe or a device, which nothing can take the place of. */
function isSpecial(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === false
}
