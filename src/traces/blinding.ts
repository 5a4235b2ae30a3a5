import { CR, LF } from '../wire/ascii.js'

/** After these nobody between the two sides can read what they say. */
export const BLINDING = ['STARTTLS', 'COMPRESS'] as const

/** The types of a record of TLS (RFC 8446 section 5.1). */
const [FIRST_TLS, LAST_TLS] = [20, 23]

/**
 * Whether a line begins as none does: with a control character that ends none. It is TLS, or after a login the security layer
 * of a SASL mechanism, whose first byte is that of a length.
 */
export function isHidden(byte: number | undefined, isLoggedIn: boolean): boolean {
  if (byte === undefined || byte >= 32 || byte === CR || byte === LF) return false
  return isLoggedIn || (byte >= FIRST_TLS && byte <= LAST_TLS)
}
