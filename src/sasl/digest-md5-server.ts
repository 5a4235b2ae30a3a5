import type { Credentials } from '../core/address.js'
import { digestResponse, directives, NONCE_COUNT, quoted } from './digest-md5.js'
import { ACCEPTED, challenge, REFUSED, type SaslServer, type SaslStep } from './exchange.js'
import { sameBytes } from './failure.js'

/** RFC 2831, the server's side, `auth` only. */
export class DigestMd5Server implements SaslServer {
  private state: 'start' | 'asked' | 'proven' = 'start'

  constructor(
    private readonly account: Credentials,
    private readonly realm: string,
    private readonly nonce: string,
  ) {}

  next(response: Buffer | undefined): SaslStep {
    switch (this.state) {
      case 'start':
        // An initial response would be for a login that went before (RFC 2831 section 2.2): none is remembered.
        this.state = 'asked'
        return challenge(
          `nonce=${quoted(this.nonce)},realm=${quoted(this.realm)},qop="auth",charset=utf-8,algorithm=md5-sess`,
        )
      case 'asked':
        return response === undefined ? REFUSED : this.prove(response.toString())
      case 'proven':
        return response?.length === 0 ? ACCEPTED : REFUSED
    }
  }

  private prove(answer: string): SaslStep {
    const { account, nonce, realm } = this
    const given = directives(answer)
    const value = (name: string) => given?.get(name)?.[0]
    const [clientNonce, uri] = [value('cnonce'), value('digest-uri')]
    const fits =
      value('nonce') === nonce &&
      value('nc') === NONCE_COUNT &&
      (value('qop') ?? 'auth') === 'auth' &&
      value('username') === account.user &&
      (value('realm') ?? '') === realm
    if (!fits || clientNonce === undefined || uri === undefined) return REFUSED
    const { user, password } = account
    const parts = { user, realm, password, nonce, clientNonce, uri, authorize: value('authzid') }
    const right = sameBytes(Buffer.from(value('response') ?? ''), Buffer.from(digestResponse(parts, 'client')))
    if (!right) return REFUSED
    this.state = 'proven'
    return challenge(`rspauth=${digestResponse(parts, 'server')}`)
  }
}
