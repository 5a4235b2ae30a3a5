import type { Credentials } from '../core/address.js'
import { DigestMd5Client } from './digest-md5-client.js'
import type { SaslClient } from './exchange.js'
import { ExternalClient } from './external.js'
import { LoginClient } from './login.js'
import type { Mechanism } from './mechanism.js'
import { PlainClient } from './plain.js'
import { SCRAM } from './scram.js'
import { ScramClient, type ScramKeyCache } from './scram-client.js'

export interface ClientSurroundings {
  /** The master's, as the user gave it: DIGEST-MD5 names it. */
  readonly host: string
  /** Printable, without a comma, by chance, and never used before. */
  readonly nonce: string
  readonly scramKeys: ScramKeyCache
}

export function saslClient(
  mechanism: Mechanism,
  credentials: Credentials,
  surroundings: ClientSurroundings,
): SaslClient {
  const { host, nonce, scramKeys } = surroundings
  switch (mechanism) {
    case 'PLAIN':
      return new PlainClient(credentials)
    case 'LOGIN':
      return new LoginClient(credentials)
    case 'EXTERNAL':
      return new ExternalClient(credentials)
    case 'DIGEST-MD5':
      return new DigestMd5Client(credentials, host, nonce)
    default:
      return new ScramClient(SCRAM[mechanism], credentials, nonce, scramKeys)
  }
}
