import type { MailboxRecord } from '../core/mailbox.js'
import { encodeActivate, literal } from '../wire/encode.js'

const CHUNK_BYTES = 256 * 1024

/** mailboxes.db flags of 2.2 to 3.4 (imap/mboxlist.h of 2.4): MBTYPE_REMOTE, MBTYPE_RESERVE. */
const REMOTE = 1
const RESERVE = 2

/** There is no clock here: an arbitrary second of January 2024. */
const MTIME = 1706538684

/** Writes one list, mailbox by mailbox. Input and output are bytes, a line's end included. */
export interface ListWriter {
  line(record: MailboxRecord): string
  /** After the last of them, once. */
  end(): string
}

/** `ctl_mboxlist -d` of a 2.4 master: `name\t<mbtype> server!partition acl`. */
function text24Writer(): ListWriter {
  return {
    line: ({ name, location, acl, state }) =>
      `${name}\t${state === 'active' ? REMOTE : REMOTE | RESERVE} ${location} ${acl}\n`,
    end: () => '',
  }
}

/**
 * `ctl_mboxlist -d` of a 3.6 master (imap/ctl_mboxlist.c dump_cb). A master's entries have no `uniqueid`; here they do,
 * since `ctl_mboxlist -u` skips those without. That also skips names of exactly 490 bytes, which can be created.
 */
function json36Writer(): ListWriter {
  let separator = '{\n'
  return {
    line: record => {
      const line = `${separator}${jsonEntry(record)}`
      separator = ',\n'
      return line
    },
    end: () => (separator === '{\n' ? '{\n}\n' : '\n}\n'),
  }
}

/** As a backend sends them that has all mailboxes to tell: ACTIVATE, or RESERVE for one that is only reserved. */
function commandWriter(): ListWriter {
  let tag = 0
  return {
    line: ({ name, location, acl, state }) =>
      state === 'active'
        ? encodeActivate(`X${tag++}`, name, location, acl)
        : `X${tag++} RESERVE ${literal(name)} ${literal(location)}\r\n`,
    end: () => '',
  }
}

export const LIST_WRITERS = { commands: commandWriter, json: json36Writer, text: text24Writer } as const

/** A whole list, in pieces of about {@link CHUNK_BYTES}: one of 100 million mailboxes has 10 GB. */
export function written(
  form: keyof typeof LIST_WRITERS,
  records: Iterable<MailboxRecord>,
): Generator<Buffer, void, undefined> {
  return chunks(lines(LIST_WRITERS[form](), records))
}

/** The same of mailboxes that come in batches, each of which is a piece. */
export async function* writtenBatches(
  form: keyof typeof LIST_WRITERS,
  batches: AsyncIterable<readonly MailboxRecord[]>,
): AsyncGenerator<Buffer> {
  const writer = LIST_WRITERS[form]()
  for await (const records of batches)
    if (records.length > 0) yield Buffer.from(records.map(record => writer.line(record)).join(''), 'latin1')
  yield Buffer.from(writer.end(), 'latin1')
}

function* lines(writer: ListWriter, records: Iterable<MailboxRecord>): Generator<string, void, undefined> {
  for (const record of records) yield writer.line(record)
  yield writer.end()
}

function jsonEntry({ name, location, acl, state }: MailboxRecord): string {
  const key = jsonString(name)
  const type = state === 'active' ? 'er' : 'erz'
  return `${key}: {"name": ${key}, "mtime": "${MTIME}", "uidvalidity": "0", "createdmodseq": "0", "foldermodseq": "0", "mbtype": "${type}", ${jsonLocation(location)}, "acl": ${jsonAcl(acl)}, "uniqueid": "${uniqueId(name)}", "name_history": []}`
}

/** Neighbours in a list have much in common: most of a user's mailboxes share location and ACL. */
function rememberLast(of: (bytes: string) => string): (bytes: string) => string {
  let last = ''
  let result = of(last)
  return bytes => {
    if (bytes !== last) {
      result = of(bytes)
      last = bytes
    }
    return result
  }
}

const jsonLocation = rememberLast(location => {
  const bang = location.indexOf('!')
  return `"partition": ${jsonString(location.slice(bang + 1))}, "server": ${jsonString(location.slice(0, Math.max(0, bang)))}`
})

const jsonAcl = rememberLast(acl => {
  const fields = acl.split('\t')
  let entries = ''
  for (let i = 0; i + 1 < fields.length; i += 2) {
    entries += `${i === 0 ? '' : ', '}${jsonString(fields[i]!)}: ${jsonString(fields[i + 1]!)}`
  }
  return `{${entries}}`
})

/** Not JSON.stringify for all: that is several times slower, and most names need no escape. */
function jsonString(bytes: string): string {
  return /["\\\x00-\x1f]/.test(bytes) ? JSON.stringify(bytes) : `"${bytes}"`
}

/** A UUID's form, from the name alone: two FNV-1a hashes, 64 bits, enough to keep 100 million names apart. */
function uniqueId(name: string): string {
  let first = 0x811c9dc5
  let second = 0x9e3779b9
  for (let i = 0; i < name.length; i++) {
    const byte = name.charCodeAt(i)
    first = Math.imul(first ^ byte, 0x01000193)
    second = Math.imul(second ^ byte, 0x85ebca6b) ^ (second >>> 15)
  }
  return `${hex(first)}-0000-4000-8000-0000${hex(second)}`
}

const HEX_PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function hex(word: number): string {
  return `${HEX_PAIRS[word >>> 24]!}${HEX_PAIRS[(word >>> 16) & 255]!}${HEX_PAIRS[(word >>> 8) & 255]!}${HEX_PAIRS[word & 255]!}`
}

function* chunks(lines: Iterable<string>): Generator<Buffer, void, undefined> {
  // A buffer of its own for each piece: whoever writes the last one to a stream may not be done with it.
  let buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  let used = 0
  for (const line of lines) {
    if (line.length > CHUNK_BYTES - used) {
      yield buffer.subarray(0, used)
      buffer = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, line.length))
      used = 0
    }
    used += buffer.write(line, used, 'latin1')
  }
  if (used > 0) yield buffer.subarray(0, used)
}
