import type { Credentials } from '../core/address.js'
import { sameSecret } from './account.js'
import { ACCEPTED, challenge, REFUSED, type SaslClient, type SaslServer } from './exchange.js'
import { garbled } from './failure.js'

/** draft-murchison-sasl-login: whatever the server asks, the user comes first and the password second. */
export class LoginClient implements SaslClient {
  private asked = 0

  constructor(private readonly credentials: Credentials) {}

  first(): undefined {
    return undefined
  }

  respond(): Buffer {
    const { user, password } = this.credentials
    const answer = [user, password][this.asked++]
    if (answer === undefined) throw garbled('LOGIN', 'the master asks for more than user and password')
    return Buffer.from(answer)
  }

  finish(): void {}
}

export class LoginServer implements SaslServer {
  private user: string | undefined

  constructor(private readonly account: Credentials) {}

  next(response: Buffer | undefined) {
    if (response === undefined) return challenge('Username:')
    const text = response.toString('latin1')
    if (this.user === undefined) {
      this.user = text
      return challenge('Password:')
    }
    return sameSecret(this.account, this.user, text) ? ACCEPTED : REFUSED
  }
}
