import { closeSync, createReadStream, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { unreadable } from '../core/given-files.js'
import { HarnessError } from '../core/errors.js'
import type { MailboxRecord } from '../core/mailbox.js'
import { formatCount } from '../core/units.js'
import { DatabaseReader } from '../dumps/database-record.js'
import { type DumpEntry, type DumpFormat, isBad } from '../dumps/dump-entry.js'
import { recordOf } from '../dumps/record-of.js'
import { writtenBatches } from '../generators/dump.js'
import { OfflineCyrus } from '../masters/cyrus/offline-cyrus.js'
import { GivenDump } from './given-dump.js'
import { writePieces } from './write-pieces.js'

/** What an old master is known by; one of the first two at least. */
export interface OldMaster {
  readonly dump?: string
  readonly database?: string
  /** Tree of its programs, to dump the database by; undefined for the system's own. */
  readonly from?: { readonly prefix?: string }
}

/** All that it holds, as a dump. */
export interface OldList {
  readonly path: string
  readonly format: DumpFormat
  /** By its own ctl_mboxlist, so that it can be loaded as it is. */
  readonly isOwn: boolean
  readonly source: string
  readonly mailboxes: number
  readonly reserved: number
}

/**
 * @param folder for what has to be written
 * @param newPrefix tree whose `cyr_dbtool` reads the database
 * @throws {HarnessError} `USAGE` where it cannot be known, is empty, or the sources contradict each other
 */
export async function oldList(old: OldMaster, folder: string, newPrefix: string | undefined): Promise<OldList> {
  const { database } = old
  const read = join(folder, 'database.txt')
  const counted = database === undefined ? undefined : await readDatabase(database, read, newPrefix)
  const list = await knownFrom(old, folder, typeof counted === 'number' ? read : undefined)
  if (list === undefined) throw counted
  if (list.mailboxes === 0)
    throw usage(
      `${list.source} has no mailbox: there is nothing to upgrade`,
      'give that of the old master, with --from a build that does not empty it',
    )
  if (typeof counted === 'number' && counted !== list.mailboxes)
    throw usage(
      `${database} holds ${formatCount(counted)} mailboxes, ${list.source} has ${formatCount(list.mailboxes)}`,
      old.dump === undefined
        ? 'give the prefix of the build that wrote the database, or leave --from out'
        : 'take both at one moment, while the old master is stopped',
    )
  return list
}

async function knownFrom(
  { dump, database, from }: OldMaster,
  folder: string,
  read: string | undefined,
): Promise<OldList | undefined> {
  if (dump !== undefined) return counted(dump, true, dump)
  if (from !== undefined && database !== undefined)
    return counted(await dumped(database, folder, from), true, `ctl_mboxlist -d of the old programs on ${database}`)
  return read === undefined ? undefined : counted(read, false, `read from ${database}`)
}

async function counted(path: string, isOwn: boolean, source: string): Promise<OldList> {
  const dump = new GivenDump(path, { onBadLine: 'stop' })
  let [mailboxes, reserved] = [0, 0]
  for await (const records of recordsOf(dump)) {
    mailboxes += records.length
    for (const { state } of records) if (state === 'reserved') reserved++
  }
  return { path, format: dump.end!.format, isOwn, source, mailboxes, reserved }
}

/** What a master has of a dump: no tombstones, all of them somewhere. @throws {HarnessError} `USAGE` for a backend's */
export async function* recordsOf(dump: GivenDump): AsyncGenerator<MailboxRecord[]> {
  for await (const entries of dump.batches())
    yield entries.filter(({ state }) => state !== 'deleted').map(entry => masterRecord(entry, dump.path))
}

function masterRecord(entry: DumpEntry, path: string): MailboxRecord {
  if (entry.server !== '') return recordOf(entry, path)
  throw usage(`${path}: it does not say where ${entry.name} lies: it is no master’s`, 'give that of the master')
}

async function dumped(database: string, folder: string, { prefix }: { readonly prefix?: string }): Promise<string> {
  const path = join(folder, 'old-dump')
  const cyrus = new OfflineCyrus({
    database,
    settings: settingsFor(database),
    ...(prefix === undefined ? {} : { prefix }),
  })
  try {
    const { status, complaints } = await cyrus.write(path, 'ctl_mboxlist', ['-d'])
    if (status === 0) return path
    throw usage(
      `the old ctl_mboxlist cannot dump ${database}: ${complaints[0] ?? `status ${status}`}`,
      'give the build that wrote it',
    )
  } finally {
    await cyrus.remove()
  }
}

/** @returns how many mailboxes it has, written to `path` as a dump of 2.4; or why that cannot be known */
async function readDatabase(
  database: string,
  path: string,
  prefix: string | undefined,
): Promise<number | HarnessError> {
  const cyrus = new OfflineCyrus({ database, ...(prefix === undefined ? {} : { prefix }) })
  try {
    const shown = `${path}.shown`
    const words = [cyrus.database, databaseFormat(database), 'show']
    const { status, complaints } = await cyrus.write(shown, 'cyr_dbtool', words)
    if (status !== 0) throw usage(`${database} cannot be read: ${complaints[0] ?? `status ${status}`}`, HOW_ELSE)
    let count = 0
    const counting = async function* (): AsyncGenerator<MailboxRecord[]> {
      for await (const records of databaseRecords(shown, database)) {
        count += records.length
        yield records
      }
    }
    await writePieces(writtenBatches('text', counting()), path)
    if (count === 0) throw usage(`${database} holds no mailbox, or is of a format that is not known here`, HOW_ELSE)
    return count
  } catch (error) {
    if (error instanceof HarnessError) return error
    throw error
  } finally {
    await cyrus.remove()
  }
}

const HOW_ELSE = 'give a dump of it (--dump), or the build that wrote it (--from cyrus:PREFIX)'

async function* databaseRecords(shown: string, database: string): AsyncGenerator<MailboxRecord[]> {
  const reader = new DatabaseReader()
  let number = 0
  for await (const lines of byteLines(shown)) {
    const records: MailboxRecord[] = []
    for (const line of lines) {
      number++
      const entry = reader.line(line)
      if (entry === undefined) continue
      if (isBad(entry)) throw usage(`${database}: record ${number} is not understood: ${entry.reason}`, HOW_ELSE)
      if (entry.state !== 'deleted') records.push(masterRecord(entry, database))
    }
    yield records
  }
}

/** Not by readline, which ends a line at a CR too. */
async function* byteLines(path: string): AsyncGenerator<string[]> {
  let rest = ''
  for await (const chunk of createReadStream(path, 'latin1')) {
    const lines = (rest + (chunk as string)).split('\n')
    rest = lines.pop()!
    yield lines
  }
  if (rest !== '') yield [rest]
}

type DatabaseFormat = 'twoskip' | 'skiplist' | 'twom' | 'flat'

/** By its first bytes (lib/cyrusdb_twoskip.c and others); what has none of these is flat. @throws {HarnessError} `USAGE` */
export function databaseFormat(path: string): DatabaseFormat {
  const head = Buffer.alloc(20)
  try {
    const file = openSync(path, 'r')
    readSync(file, head, 0, head.length, 0)
    closeSync(file)
  } catch (error) {
    throw unreadable(path, error)
  }
  const text = head.toString('latin1', 4)
  const known = (['twoskip', 'skiplist', 'twom'] as const).find(format => text.startsWith(format))
  return known ?? 'flat'
}

/** The others are told by Cyrus itself. */
export function settingsFor(database: string): Readonly<Record<string, string>> {
  return databaseFormat(database) === 'flat' ? { mboxlist_db: 'flat' } : {}
}

function usage(message: string, hint: string): HarnessError {
  return new HarnessError('USAGE', message, hint)
}
