import { type LogLine, pidOf } from './log-line.js'

/** Fields of a journal's entry (systemd.journal-fields(7)); text is in bytes, one to a character. */
export type JournalFields = ReadonlyMap<string, string>

/** A field that is not text is kept up to here. */
const MOST_BYTES = 65_536
const SIZE_BYTES = 8

/** @returns undefined for an entry that no process named itself in */
export function journalLine(fields: JournalFields): LogLine | undefined {
  // Sent by the process, or when it came: the first has the second's precision where syslog(3) gave it.
  const atUs = Number(fields.get('__REALTIME_TIMESTAMP'))
  const ident = fields.get('SYSLOG_IDENTIFIER') ?? fields.get('_COMM')
  const text = fields.get('MESSAGE')
  if (!(atUs > 0) || ident === undefined || text === undefined) return undefined
  return {
    atMs: atUs / 1000,
    isWholeSecond: false,
    host: fields.get('_HOSTNAME'),
    ident,
    pid: pidOf(fields.get('SYSLOG_PID') ?? fields.get('_PID')),
    text: text.trim(),
    times: 1,
  }
}

/** `journalctl -o json`, an entry a line. @returns undefined for what is none */
export function jsonFields(line: string): JournalFields | undefined {
  try {
    const entry: unknown = JSON.parse(line.replace(/^\u001e/, ''))
    if (typeof entry !== 'object' || entry === null) return undefined
    return new Map(Object.entries(entry).flatMap(([name, value]) => field(name, value)))
  } catch {
    return undefined
  }
}

/** A field that occurs more than once is an array of texts; what is no UTF-8, one of bytes. */
function field(name: string, value: unknown): [string, string][] {
  if (typeof value === 'string') return [[name, value]]
  if (!Array.isArray(value)) return []
  if (value.every(byte => typeof byte === 'number')) return [[name, String.fromCharCode(...value.slice(0, MOST_BYTES))]]
  return field(name, value[0])
}

/**
 * `journalctl -o export` (systemd's Journal Export Format): `NAME=text` a line, an empty line after an entry; where text
 * will not do, `NAME`, then eight bytes of size, little-endian, then so many bytes.
 */
export class ExportReader {
  private fields = new Map<string, string>()
  private binary: { readonly name: string; got: string; length: number } | undefined

  /** @param line bytes up to a newline, one to a character. @returns an entry that it ended */
  push(line: string): JournalFields | undefined {
    if (this.binary !== undefined) this.more(this.binary, line)
    else if (line === '') return this.end()
    else {
      const equals = line.indexOf('=')
      if (equals !== -1) this.fields.set(line.slice(0, equals), line.slice(equals + 1))
      else this.binary = { name: line, got: '', length: -1 }
    }
    return undefined
  }

  /** @returns the last entry, where it has fields */
  end(): JournalFields | undefined {
    const entry = this.fields
    this.fields = new Map()
    return entry.size === 0 ? undefined : entry
  }

  private more(binary: NonNullable<typeof this.binary>, line: string): void {
    // The newline before this piece was a byte of the field.
    if (binary.length >= 0 && binary.got.length < MOST_BYTES) binary.got += '\n'
    if (binary.got.length < MOST_BYTES) binary.got += line
    binary.length += line.length + 1
    if (binary.got.length < SIZE_BYTES) return
    const size = Buffer.from(binary.got.slice(0, SIZE_BYTES), 'latin1').readBigUInt64LE()
    if (BigInt(binary.length) < BigInt(SIZE_BYTES) + size) return
    this.fields.set(binary.name, binary.got.slice(SIZE_BYTES))
    this.binary = undefined
  }
}
