import {
  closeSync,
  createReadStream,
  fchmodSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { HarnessError, messageOf } from '../../core/errors.js'
import { unreadable } from '../../core/given-files.js'
import type { MailboxRecord } from '../../core/mailbox.js'
import { unpacked } from '../../core/unpacked.js'
import { readDump } from '../../dumps/read-dump.js'
import { recordOf } from '../../dumps/record-of.js'
import { written } from '../../generators/dump.js'
import type { Catalogue } from './catalogue.js'
import type { DialectName } from './dialect.js'
import { spanOf } from './span.js'

const READ_BYTES = 1024 * 1024
const BATCH = 1000
/** Who has which mailboxes is nobody else's business. */
const MODE = 0o600

/**
 * Takes in what a dump of a master's has (`ctl_mboxlist -d` of any version, packed by gzip or not).
 *
 * @throws {HarnessError} `USAGE` for what cannot be read or is no such dump, at its first bad line; `RESULTS` for what is
 *   packed otherwise
 */
export async function loadSnapshot(catalogue: Catalogue, path: string): Promise<void> {
  try {
    const file = createReadStream(path, { highWaterMark: READ_BYTES })
    const chunks = unpacked(file, path, unpack => `write ${unpack} > ${path}.dump, and load that`)
    const entries = readDump(chunks, path, ({ line, column, reason }) => {
      throw new HarnessError(
        'USAGE',
        `${path}:${line}:${column}: ${reason}`,
        'load what ctl_mboxlist -d or --save has written; mupdate-bench dump inspect shows all that is wrong',
      )
    })
    for await (const batch of entries) {
      for (const entry of batch) {
        if (entry.state === 'deleted') continue
        const { name, location, acl, state } = recordOf(entry, path, 'load the dump of a master')
        catalogue.put(spanOf(name), spanOf(location), state === 'reserved' ? undefined : spanOf(acl))
      }
    }
  } catch (error) {
    throw unreadable(path, error)
  }
}

/**
 * Whether {@link saveSnapshot} can write there, before there is anything to lose.
 *
 * @throws {HarnessError} `USAGE`
 */
export function checkSnapshot(path: string): void {
  // Not the name that is used in the end: whoever is still at that may be writing the list that is to be loaded.
  const trial = `${path}.${process.pid}`
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) throw new Error('it is not a file')
    closeSync(openSync(trial, 'wx', MODE))
    rmSync(trial)
  } catch (error) {
    throw new HarnessError(
      'USAGE',
      `the mailboxes cannot be saved to ${path}: ${messageOf(error)}`,
      'give the path of a file, in a folder that can be written',
    )
  }
}

/** What could not be saved. */
export interface LeftOut {
  readonly count: number
  readonly first: string
}

/**
 * Writes the whole list as {@link loadSnapshot} reads it: what was there is replaced when all is on disk.
 *
 * @param dialect 2.4's is text, all others' JSON
 * @returns mailboxes that no dump can hold; undefined when there are none
 * @throws {NodeJS.ErrnoException} as the file system says; what was there before is still there then
 */
export function saveSnapshot(
  catalogue: Catalogue,
  path: string,
  dialect: DialectName | undefined,
): LeftOut | undefined {
  // A text without lines would be no dump.
  const form = dialect === '2.4' && catalogue.size > 0 ? 'text' : 'json'
  const leftOut = { count: 0, first: '' }
  const temporary = `${path}.new`
  const file = openSync(temporary, 'w', MODE)
  try {
    // One that was left there has its own.
    fchmodSync(file, MODE)
    for (const piece of written(form, writable(catalogue, leftOut))) writeFileSync(file, piece)
    fsyncSync(file)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
  return leftOut.count === 0 ? undefined : leftOut
}

function* writable(catalogue: Catalogue, leftOut: { count: number; first: string }): Generator<MailboxRecord> {
  let after: string | undefined
  for (let ended = false; !ended; ) {
    const batch: MailboxRecord[] = []
    ended = catalogue.walk(after === undefined ? undefined : spanOf(after), address => {
      if (batch.length < BATCH) return batch.push(catalogue.record(address)) > 0
      return false
    })
    after = batch.at(-1)?.name
    for (const record of batch) {
      if (isWritable(record)) yield record
      else if (leftOut.count++ === 0) leftOut.first = record.name
    }
  }
}

/** The wire takes any bytes for a name or an ACL; a line of a dump does not. */
function isWritable({ name, location, acl }: MailboxRecord): boolean {
  if (!/^[^\0\t\n\r]+$/.test(name) || !/^[^!\0\t\n\r ]+![^\0\t\n\r ]*$/.test(location)) return false
  if (!/^(?:[^\0\t\n\r]+\t[^\0\t\n\r]*\t)*$/.test(acl)) return false
  const identifiers = acl.split('\t').filter((_, i) => i % 2 === 0)
  return new Set(identifiers).size === identifiers.length
}
