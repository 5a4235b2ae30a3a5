import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { HarnessError, messageOf } from '../../core/errors.js'

/** PEM, all of it. */
export interface TlsOptions {
  readonly certificate: string
  readonly key: string
  /** Clients' certificates that it signed are asked for, and name their owner. */
  readonly clientAuthority?: string
  /** TLS from the first byte on, as on a port of its own, instead of STARTTLS. */
  readonly implicit?: boolean
}

export interface ServerTls {
  readonly secureContext: SecureContext
  readonly asksForCertificate: boolean
  readonly implicit: boolean
}

/**
 * @throws {HarnessError} `MASTER_SETUP` for what is no certificate, or not that of the key; `USAGE` for an authority without
 *   one, which no client's could be believed by
 */
export function serverTls({ certificate, key, clientAuthority, implicit = false }: TlsOptions): ServerTls {
  if (clientAuthority !== undefined) checkAuthority(clientAuthority)
  try {
    const authority = clientAuthority === undefined ? {} : { ca: clientAuthority }
    const secureContext = createSecureContext({ cert: certificate, key, ...authority })
    return { secureContext, asksForCertificate: clientAuthority !== undefined, implicit }
  } catch (error) {
    throw new HarnessError(
      'MASTER_SETUP',
      `TLS cannot be set up with this certificate and key: ${messageOf(error)}`,
      'give a certificate and its private key, both as PEM',
    )
  }
}

/** OpenSSL passes over what it cannot read, and then believes nobody. */
function checkAuthority(pem: string): void {
  try {
    new X509Certificate(pem)
  } catch (error) {
    throw new HarnessError(
      'USAGE',
      `the authority that clients’ certificates are to be from is no certificate: ${messageOf(error)}`,
      'give --tls-ca its certificate, as PEM',
    )
  }
}
