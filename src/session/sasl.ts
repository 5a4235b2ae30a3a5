import type { Credentials } from '../core/address.js'

/** @returns base64 of `NUL user NUL password` (RFC 4616), without an authorization identity */
export function plainInitialResponse(credentials: Credentials): string {
  return Buffer.from(`\0${credentials.user}\0${credentials.password}`).toString('base64')
}
