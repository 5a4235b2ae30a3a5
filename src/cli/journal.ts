import { readFileSync } from 'node:fs'
import { HarnessError } from '../core/errors.js'

/**
 * The names that a run noted before it sent them, each once.
 *
 * @throws {HarnessError} `RESULTS` when there is no journal
 */
export function readJournal(path: string): Set<string> {
  try {
    const lines = readFileSync(path, 'latin1').split('\n')
    // A line that was cut off by a crash was not sent either: names are sent after they are written.
    return new Set(lines.slice(0, -1))
  } catch (error) {
    throw new HarnessError(
      'RESULTS',
      `${path}: ${(error as Error).message}`,
      'give the folder of a run on a remote master',
    )
  }
}
