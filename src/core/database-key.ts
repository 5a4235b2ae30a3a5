const DOT = 0x2e
const CARET = 0x5e
const BANG = 0x21

/** Within a mailbox's name the database of 3.6.0 and later has 0x1F for `.`, and `.` for `^` (imap/mboxlist.c). */
export const MAILBOX_KEY = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === DOT ? 0x1f : byte === CARET ? DOT : byte,
)

/** Whether the name begins with a virtual domain, `example.com!user.joe`. */
export function hasDomain(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === BANG) return true
  return false
}

/**
 * Writes the bytes by which Cyrus's database orders a name: a domain stays as it is and ends in 0x1D (measured on
 * 3.6.1: `a.b!x` comes after `a.c`, since the dot of a domain is no separator).
 */
export function writeKey(bytes: Uint8Array, start: number, end: number, key: Uint8Array): void {
  let domain = hasDomain(bytes, start, end)
  for (let i = start; i < end; i++) {
    const byte = bytes[i]
    if (!domain) key[i - start] = MAILBOX_KEY[byte]
    else if (byte === BANG) {
      key[i - start] = 0x1d
      domain = false
    } else key[i - start] = byte
  }
}

/** The same of a name in latin1, to be compared as text. */
export function databaseKey(name: string): string {
  const bytes = Buffer.from(name, 'latin1')
  const key = Buffer.alloc(bytes.length)
  writeKey(bytes, 0, bytes.length, key)
  return key.toString('latin1')
}
