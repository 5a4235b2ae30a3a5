import { type Credentials, isLoopback, type MasterAddress } from '../core/address.js'
import { HarnessError } from '../core/errors.js'
import type { Command } from '../core/operation.js'
import { mechanismOf, showsPassword, strongest } from '../sasl/mechanism.js'
import type { Banner } from './banner.js'

/**
 * Whether STARTTLS comes next. Where nothing is said of it, only if otherwise the password would be shown, or nobody could
 * log in; Cyrus's own clients begin it only for the second (imap/backend.c, backend_authenticate: on SASL_NOMECH). It is
 * not for nothing that others are spared it: a mupdate 3.6.1 dies of it (docs/security.md).
 *
 * @throws {HarnessError} `TLS_UNAVAILABLE` where it was asked for and is not offered: that may be somebody's doing
 */
export function wantsStartTls(
  { host, tls }: MasterAddress,
  { mechanism }: Credentials,
  { capabilities }: Banner,
  where: string,
): boolean {
  const isOffered = capabilities.has('STARTTLS')
  if (tls === undefined) {
    const offered = capabilities.get('AUTH') ?? []
    const chosen = mechanism === undefined ? strongest(offered) : mechanismOf(mechanism)
    return isOffered && !isLoopback(host) && (chosen === undefined || showsPassword(chosen))
  }
  if (tls.mode === 'starttls' && !isOffered) throw tlsRefused(where, NOT_OFFERED)
  return tls.mode === 'starttls'
}

export const NOT_OFFERED = 'it does not offer it'

export function tlsRefused(where: string, why: string): HarnessError {
  return new HarnessError(
    'TLS_UNAVAILABLE',
    `no STARTTLS with ${where}: ${why}`,
    'leave it out with --tls off on a network of your own; the master’s imapd.conf gives it with tls_server_cert and tls_server_key (later versions also allowstarttls: yes), but a mupdate 3.6.1 dies of it: see docs/security.md',
  )
}

export function offersDeflate({ capabilities }: Banner): boolean {
  return (capabilities.get('COMPRESS') ?? []).some(name => name.toUpperCase() === 'DEFLATE')
}

export function compressRefused(where: string, why: string): HarnessError {
  return new HarnessError(
    'COMPRESS_UNAVAILABLE',
    `no COMPRESS DEFLATE with ${where}: ${why}`,
    'leave out --compress; a Cyrus that was built without zlib has none',
  )
}

/** Whoever put there what came with an OK to STARTTLS could speak for the master, in its TLS. */
export function injected(where: string, { kind }: Command, byteCount: number): HarnessError {
  return new HarnessError(
    'WIRE_UNEXPECTED',
    `${where} sent ${byteCount} bytes more with its OK to ${kind}`,
    'somebody between here and the master may have put them there; do not log in over this network',
  )
}

/** What is waited for as a client arrives. */
export type Awaited = 'banner' | 'handshake' | 'login'

export function noAnswer(where: string, awaited: Awaited, timeoutMs: number): HarnessError {
  const [what, hint] = SILENCE[awaited]
  return new HarnessError('TIMEOUT', `${what} from ${where} in ${timeoutMs / 1000} s`, hint)
}

const SILENCE: Readonly<Record<Awaited, readonly [string, string]>> = {
  banner: [
    'no MUPDATE banner',
    'a port that expects TLS or HTTP, or a master without a free worker, is silent like this',
  ],
  handshake: ['no end of the TLS handshake', 'the port may speak no TLS, or the master be overloaded'],
  login: ['no answer to the login', 'the master may be overloaded'],
}
