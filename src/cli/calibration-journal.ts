import { createHash } from 'node:crypto'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { HarnessError, messageOf } from '../core/errors.js'

/** What a calibration, a replay or a run may have left on a master that outlives it. */
export interface Leftovers {
  readonly id: string
  /** `host:port` */
  readonly address: string
  readonly names: Set<string>
  /** Its names are those of others, not marked as ours; nobody has changed them. */
  readonly isSealed?: boolean
}

const HEAD = /^mupdate-bench (?:calibration|replay) ([0-9a-f]+) of (\S+?)(?:, sha256 ([0-9a-f]{64}))?$/

/**
 * Written before the first mailbox is made; names come from the seed, so all are known.
 *
 * @throws {HarnessError} `USAGE` where it cannot be written
 */
export function writeCalibrationJournal(path: string, id: string, address: string, names: Iterable<string>): void {
  writeNames(path, `mupdate-bench calibration ${id} of ${address}`, [...names])
}

/**
 * The same of a replay, which makes mailboxes of others' names. None of them was there before; that nobody adds one
 * afterwards, its digest shows.
 *
 * @throws {HarnessError} `USAGE` where it cannot be written
 */
export function writeReplayJournal(path: string, id: string, address: string, names: readonly string[]): void {
  writeNames(path, `mupdate-bench replay ${id} of ${address}, sha256 ${digestOf(names)}`, names)
}

function writeNames(path: string, head: string, names: readonly string[]): void {
  try {
    writeFileSync(path, `${head}\n${names.join('\n')}\n`, 'latin1')
  } catch (error) {
    throw new HarnessError(
      'USAGE',
      `cannot write to ${path}: ${messageOf(error)}`,
      'names are noted beside --output before anything is made: give a place that can be written to',
    )
  }
}

export function removeCalibrationJournal(path: string): void {
  rmSync(path, { force: true })
}

/**
 * @returns undefined where the path is a folder, or nothing: a run's, perhaps
 * @throws {HarnessError} `RESULTS` where it is another file
 */
export function readCalibrationJournal(path: string): Leftovers | undefined {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined
  const [head, ...lines] = readFileSync(path, 'latin1').split('\n')
  const [, id, address, digest] = HEAD.exec(head) ?? []
  if (id === undefined || address === undefined) {
    throw new HarnessError(
      'RESULTS',
      `${path}: no journal of a calibration or a replay`,
      'give a run’s folder, or such a journal',
    )
  }
  const names = lines.slice(0, -1)
  if (digest !== undefined && digest !== digestOf(names))
    throw new HarnessError('RESULTS', `${path} was changed since it was written`, 'delete what is left by hand')
  return { id, address, names: new Set(names), isSealed: digest !== undefined }
}

function digestOf(names: readonly string[]): string {
  return createHash('sha256').update(names.join('\n'), 'latin1').digest('hex')
}
