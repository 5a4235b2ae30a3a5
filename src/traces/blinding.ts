import { CR, LF } from '../wire/ascii.js'

/** After these nobody between the two sides can read what they say. */
export const BLINDING = ['STARTTLS', 'COMPRESS'] as const

/**
 * Whether a line begins as none does: with a control character that ends none. It is TLS, or the security layer of a SASL
 * mechanism, whose first byte is that of a length.
 */
export function isHidden(bytes: Uint8Array, at: number): boolean {
  const byte = bytes[at]
  return byte !== undefined && byte < 32 && byte !== CR && byte !== LF
}
