import { once } from 'node:events'
import { type FileHandle, open } from 'node:fs/promises'
import { HarnessError, messageOf } from '../core/errors.js'
import { FORMATS, type FormatName } from '../report/formats.js'
import { readSeries } from '../report/read-series.js'
import { readRun } from './read-run.js'

/**
 * A run in another format than the page, to standard output or to a file.
 *
 * @throws {HarnessError} `USAGE` for more than one run, `RESULTS` when something cannot be read or written
 */
export async function reportAsText(
  format: FormatName,
  directories: readonly string[],
  out: string | undefined,
): Promise<void> {
  if (directories.length > 1)
    throw new HarnessError('USAGE', `${format} takes one run`, 'give one folder; --format html compares several')
  const [directory] = directories
  const run = readRun(directory)
  const pieces = FORMATS[format]({ run, series: () => readSeries(directory) })
  await (out === undefined ? print(pieces) : save(pieces, out))
}

type Pieces = Iterable<string> | AsyncIterable<string>

/** No faster than it is read. */
async function print(pieces: Pieces): Promise<void> {
  for await (const piece of pieces) if (!process.stdout.write(piece)) await once(process.stdout, 'drain')
}

/** The file is opened only when there is something to write: one from before is not emptied by a mistake. */
async function save(pieces: Pieces, path: string): Promise<void> {
  let file: FileHandle | undefined
  try {
    for await (const piece of pieces) {
      file ??= await open(path, 'w')
      await file.appendFile(piece)
    }
  } catch (error) {
    if (error instanceof HarnessError) throw error
    throw new HarnessError('RESULTS', `cannot write ${path}: ${messageOf(error)}`, 'choose another file with --out')
  } finally {
    await file?.close()
  }
}
