import type { Credentials } from '../core/address.js'
import { ACCEPTED, challenge, REFUSED, type SaslServer, type SaslStep } from './exchange.js'
import { sameBytes } from './failure.js'
import { prepared } from './prepared.js'
import {
  authMessage,
  keyOfProof,
  type ScramHash,
  type ScramKeys,
  scramAttributes,
  serverSignature,
  unescapedName,
} from './scram.js'

/** What the server keeps of its one user, as cyrus-sasl's sasldb does. */
export interface ScramAccount {
  readonly credentials: Credentials
  readonly salt: Buffer
  readonly iterations: number
  readonly keys: ScramKeys
}

/** `n,a=…,n=…,r=…`: GS2 header without channel binding, user, nonce. */
const CLIENT_FIRST = /^([ny],(?:a=[^,]+)?,)(n=([^,]*),r=([!-+\--~]+)(?:,.*)?)$/

/** RFC 5802 section 5, the server's side. The user who is unknown is told so no earlier than the wrong password. */
export class ScramServer implements SaslServer {
  private gs2 = ''
  private firstBare = ''
  private first = ''
  private nonces = ''
  private known = false
  private state: 'start' | 'asked' | 'proven' = 'start'

  constructor(
    private readonly hash: ScramHash,
    private readonly account: ScramAccount,
    private readonly nonce: string,
  ) {}

  next(response: Buffer | undefined): SaslStep {
    if (response === undefined) return challenge('')
    switch (this.state) {
      case 'start':
        return this.ask(response.toString())
      case 'asked':
        return this.prove(response.toString())
      case 'proven':
        return response.length === 0 ? ACCEPTED : REFUSED
    }
  }

  private ask(clientFirst: string): SaslStep {
    const { credentials, salt, iterations } = this.account
    const match = CLIENT_FIRST.exec(clientFirst)
    if (match === null) return REFUSED
    const [, gs2, bare, user, theirs] = match
    this.gs2 = gs2!
    this.firstBare = bare!
    this.known = unescapedName(user!) === prepared(credentials.user)
    this.nonces = theirs! + this.nonce
    this.first = `r=${this.nonces},s=${salt.toString('base64')},i=${iterations}`
    this.state = 'asked'
    return challenge(this.first)
  }

  private prove(clientFinal: string): SaslStep {
    const { hash, account } = this
    const attributes = scramAttributes(clientFinal)
    const proof = Buffer.from(attributes?.get('p') ?? '', 'base64')
    const bound = Buffer.from(attributes?.get('c') ?? '', 'base64').toString()
    if (!this.known || bound !== this.gs2 || attributes?.get('r') !== this.nonces || proof.length !== hash.bytes) {
      return REFUSED
    }
    const message = authMessage(this.firstBare, this.first, clientFinal.slice(0, clientFinal.lastIndexOf(',p=')))
    if (!sameBytes(keyOfProof(hash, account.keys, proof, message), account.keys.clientKey)) return REFUSED
    this.state = 'proven'
    return challenge(`v=${serverSignature(hash, account.keys, message).toString('base64')}`)
  }
}
