import { accessSync, constants, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import Table from 'cli-table3'
import { HarnessError, messageOf } from '../core/errors.js'
import { EXIT } from '../core/exit-status.js'
import { formatCount } from '../core/units.js'
import type { Calibration } from '../masters/model/calibration.js'
import type { Progress } from './progress.js'

/** Before a minute's work: whether a file may be there in the end. @throws {HarnessError} `USAGE` */
export function checkOutput(path: string): void {
  if (path === '-') return
  try {
    accessSync(dirname(path), constants.W_OK)
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) throw new Error('it is a directory')
  } catch (error) {
    throw cannotWrite(path, error)
  }
}

function cannotWrite(path: string, error: unknown): HarnessError {
  return new HarnessError(
    'USAGE',
    `cannot write to ${path}: ${messageOf(error)}`,
    'give a place that can be written to',
  )
}

/** A minute's work is not lost: what cannot be written goes to stdout. @returns whether it is in a file */
export function writeCalibration(path: string, calibration: Calibration, progress: Progress): boolean {
  const text = `${JSON.stringify(calibration, null, 2)}\n`
  if (path !== '-') {
    try {
      writeFileSync(path, text)
      return true
    } catch (error) {
      progress.warn(`${cannotWrite(path, error).message}; what would stand there goes to stdout`)
      process.exitCode = EXIT.usage
    }
  }
  process.stdout.write(text)
  return false
}

/** µs throughout: costs are compared with each other. */
export function costTable({ costs, mailboxes, master, mergePerMailbox, betweenMasters }: Calibration): string {
  const table = new Table({
    head: ['µs', 'p10', 'p50', 'p90', '95 % of p50', 'samples'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
  })
  const all = Object.entries(mergePerMailbox === null ? costs : { ...costs, mergePerMailbox })
  for (const [name, { p10, p50, p90, low, high, samples }] of all) {
    table.push([name, ...[p10, p50, p90].map(figure), `${figure(low)} – ${figure(high)}`, samples])
  }
  const spread =
    betweenMasters === null
      ? ''
      : `\nfrom one master to the next: ${(betweenMasters * 100).toFixed(1)} % (standard deviation)`
  return `${master.kind} ${master.version}, ${master.mailboxDatabase}, ${formatCount(mailboxes)} mailboxes\n${table}${spread}`
}

function figure(us: number): string {
  return us >= 100 ? us.toFixed(0) : us.toPrecision(3)
}

/** `Cyrus IMAP 3.6.1-4+deb12u3` is what a remote master says of itself. */
export function fileSafe(version: string): string {
  return version.replace(/[^\w.+-]+/g, '-')
}
