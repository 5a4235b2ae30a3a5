import type { Credentials } from '../core/address.js'
import { digestResponse, directives, NONCE_COUNT, quoted } from './digest-md5.js'
import type { SaslClient } from './exchange.js'
import { garbled, sameBytes, unproven } from './failure.js'

/** RFC 2831, `auth` only: no security layer. RFC 6331 calls it historic; Cyrus still offers it. */
export class DigestMd5Client implements SaslClient {
  private expected: string | undefined
  private proven = false

  /** @param host in `digest-uri`, as the user gave it */
  constructor(
    private readonly credentials: Credentials,
    private readonly host: string,
    private readonly clientNonce: string,
  ) {}

  first(): undefined {
    return undefined
  }

  respond(challenge: Buffer): Buffer {
    if (this.proven) throw garbled('DIGEST-MD5', 'the master goes on after its proof')
    const text = challenge.toString()
    return this.expected === undefined ? this.prove(text) : this.verify(text, this.expected)
  }

  finish(): void {
    if (!this.proven) throw unproven('DIGEST-MD5')
  }

  private prove(challenge: string): Buffer {
    const { user, password, authorize } = this.credentials
    const offered = directives(challenge)
    const nonce = offered?.get('nonce')?.[0]
    if (nonce === undefined || offered!.get('algorithm')?.[0]?.toLowerCase() !== 'md5-sess') {
      throw garbled('DIGEST-MD5', 'the master’s challenge is none')
    }
    const qualities = offered!.get('qop')?.[0] ?? 'auth'
    if (!/(^|[\s,])auth([\s,]|$)/.test(qualities)) {
      throw garbled(
        'DIGEST-MD5',
        `the master wants a security layer (${qualities.slice(0, 40)}), and only login is spoken here`,
      )
    }
    const realm = offered!.get('realm')?.[0] ?? ''
    const { clientNonce } = this
    const uri = `mupdate/${this.host}`
    const parts = { user, realm, password, nonce, clientNonce, uri, authorize }
    this.expected = digestResponse(parts, 'server')
    const answer = [
      ...(offered!.get('charset')?.[0]?.toLowerCase() === 'utf-8' ? ['charset=utf-8'] : []),
      `username=${quoted(user)}`,
      `realm=${quoted(realm)}`,
      `nonce=${quoted(nonce)}`,
      `cnonce=${quoted(clientNonce)}`,
      `nc=${NONCE_COUNT}`,
      'qop=auth',
      `digest-uri=${quoted(uri)}`,
      `response=${digestResponse(parts, 'client')}`,
      ...(authorize === undefined ? [] : [`authzid=${quoted(authorize)}`]),
    ]
    return Buffer.from(answer.join(','))
  }

  private verify(text: string, expected: string): Buffer {
    const theirs = directives(text)?.get('rspauth')?.[0]
    if (theirs === undefined || !sameBytes(Buffer.from(theirs), Buffer.from(expected))) throw unproven('DIGEST-MD5')
    this.proven = true
    return Buffer.alloc(0)
  }
}
