import type { Credentials } from '../core/address.js'
import { sameSecret } from './account.js'
import { ACCEPTED, challenge, REFUSED, type SaslClient, type SaslServer } from './exchange.js'
import { garbled } from './failure.js'

/** RFC 4616: `[authzid] NUL user NUL password`. */
export class PlainClient implements SaslClient {
  constructor(private readonly credentials: Credentials) {}

  first(): Buffer {
    const { authorize = '', user, password } = this.credentials
    return Buffer.from(`${authorize}\0${user}\0${password}`)
  }

  respond(): Buffer {
    throw garbled('PLAIN', 'the master asks for more than user and password')
  }

  finish(): void {}
}

/** Any authorization identity will do: Cyrus lets its admins act for anyone, and masters have no other users. */
export class PlainServer implements SaslServer {
  constructor(private readonly account: Credentials) {}

  next(response: Buffer | undefined) {
    if (response === undefined) return challenge('')
    const parts = response.toString('latin1').split('\0')
    const [, user, password] = parts
    return parts.length === 3 && sameSecret(this.account, user!, password!) ? ACCEPTED : REFUSED
  }
}
