import type { Credentials } from '../core/address.js'
import { ACCEPTED, challenge, REFUSED, type SaslClient, type SaslServer } from './exchange.js'
import { garbled } from './failure.js'

/** RFC 4422 appendix A: who it is, TLS has shown; what is sent is the authorization identity, or nothing. */
export class ExternalClient implements SaslClient {
  constructor(private readonly credentials: Credentials) {}

  first(): Buffer {
    return Buffer.from(this.credentials.authorize ?? '')
  }

  respond(): Buffer {
    throw garbled('EXTERNAL', 'the master asks for more than an identity')
  }

  finish(): void {}
}

export class ExternalServer implements SaslServer {
  /** @param shown who the client is by its certificate; undefined when it gave none */
  constructor(
    private readonly account: Credentials,
    private readonly shown: string | undefined,
  ) {}

  next(response: Buffer | undefined) {
    if (response === undefined) return challenge('')
    return this.shown === this.account.user ? ACCEPTED : REFUSED
  }
}
