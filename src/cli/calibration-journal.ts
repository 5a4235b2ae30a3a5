import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { HarnessError, messageOf } from '../core/errors.js'

/** What a calibration, or a run, may have left on a master that outlives it. */
export interface Leftovers {
  readonly id: string
  /** `host:port` */
  readonly address: string
  readonly names: Set<string>
}

const HEAD = /^mupdate-bench calibration ([0-9a-f]+) of (\S+)$/

/**
 * Written before the first mailbox is made; names come from the seed, so all are known.
 *
 * @throws {HarnessError} `USAGE` where it cannot be written
 */
export function writeCalibrationJournal(path: string, id: string, address: string, names: Iterable<string>): void {
  try {
    writeFileSync(path, `mupdate-bench calibration ${id} of ${address}\n${[...names].join('\n')}\n`, 'latin1')
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
  const [head, ...names] = readFileSync(path, 'latin1').split('\n')
  const [, id, address] = HEAD.exec(head) ?? []
  if (id === undefined || address === undefined) {
    throw new HarnessError('RESULTS', `${path}: no journal of a calibration`, 'give a run’s folder, or such a journal')
  }
  return { id, address, names: new Set(names.slice(0, -1)) }
}
