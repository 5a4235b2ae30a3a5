import { type Dlist, endsInLiteral, parseDlist } from './dlist.js'
import { type BadLine, type DumpEntry, isBad } from './dump-entry.js'
import { stateOfLetters } from './json-line.js'
import { parseTextLine } from './text-line.js'

/** How a `mailboxes.db` has a mailbox: as text, as a dlist, or as a dlist under the keys of 3.6. */
export type DatabaseForm = '2.2 to 2.4' | '2.5 to 3.4' | '3.6'

/** Reverse ACLs and ids of 3.0 to 3.4, the version that 3.6 notes (imap/mboxlist.c). */
const NO_MAILBOX = '$'

/** Reads what `cyr_dbtool FILE FORMAT show` writes of a `mailboxes.db`: key, tab, value. */
export class DatabaseReader {
  /** Known from its first mailbox. */
  form: DatabaseForm | undefined
  /** The beginning of a record that has line ends in it. */
  private begun = ''

  /** @returns undefined for what is there beside mailboxes, and for a record that goes on */
  line(text: string): DumpEntry | BadLine | undefined {
    const record = this.begun + text
    this.begun = endsInLiteral(record) ? `${record}\n` : ''
    if (this.begun !== '' || record.startsWith(NO_MAILBOX)) return undefined
    const tab = record.indexOf('\t')
    if (tab < 1) return { column: 1, reason: 'no key and its tab' }
    return record.startsWith('%(', tab + 1)
      ? this.dlist(record.slice(0, tab), record.slice(tab + 1))
      : this.text(record)
  }

  private text(record: string): DumpEntry | BadLine {
    this.form ??= '2.2 to 2.4'
    // As 2.3.12 to 2.4 dump it, which is the record as it is.
    const entry = parseTextLine(record, '2.3.12')
    return isBad(entry) || this.form === '2.2 to 2.4' ? entry : { column: 1, reason: 'a record of another version' }
  }

  private dlist(key: string, value: string): DumpEntry | BadLine | undefined {
    const fields = parseDlist(value)
    if (fields === undefined) return { column: key.length + 2, reason: 'the record is not whole' }
    this.form ??= isKey36(key, fields) ? '3.6' : '2.5 to 3.4'
    if (this.form === '2.5 to 3.4') return entryOf(key, fields)
    if (this.form === '3.6' && key.startsWith('I')) return undefined
    if (this.form === '3.6' && key.startsWith('N')) return entryOf(nameOf(key.slice(1)), fields)
    return { column: 1, reason: 'a record of another version' }
  }
}

/** `N` before a name, whose dots are 0x1F, or `I` before an id, with the name in the record (imap/mboxlist.c). */
function isKey36(key: string, fields: Dlist): boolean {
  return /^I/.test(key) ? fields.has('N') : /^N/.test(key) && (/[\x1d\x1f]/.test(key) || !key.includes('.'))
}

/** Back from what `databaseKey` makes of a name. */
function nameOf(key: string): string {
  const end = key.indexOf('\x1d')
  const domain = end === -1 ? '' : `${key.slice(0, end)}!`
  return domain + key.slice(end + 1).replace(/[.\x1f]/g, byte => (byte === '.' ? '^' : '.'))
}

function entryOf(name: string, fields: Dlist): DumpEntry {
  const text = (field: string) => {
    const value = fields.get(field)
    return typeof value === 'string' ? value : ''
  }
  const acl = fields.get('A')
  const rights = acl === undefined || typeof acl === 'string' ? [] : [...acl]
  const type = text('T')
  const state = stateOfLetters(type)
  return {
    name,
    state,
    isElsewhere: type.includes('r') && state !== 'deleted' && state !== 'moving',
    // Of one that moves away it is where to.
    server: state === 'moving' ? '' : text('S'),
    partition: text('P'),
    acl: rights.map(([identifier, right]) => `${identifier}\t${String(right)}\t`).join(''),
  }
}
