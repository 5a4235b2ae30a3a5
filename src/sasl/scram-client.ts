import type { Credentials } from '../core/address.js'
import type { SaslClient } from './exchange.js'
import { garbled, sameBytes, unproven } from './failure.js'
import { prepared } from './prepared.js'
import {
  authMessage,
  clientProof,
  escapedName,
  type ScramHash,
  type ScramKeys,
  scramAttributes,
  scramKeys,
  serverSignature,
} from './scram.js'

/** Fewer let whoever listened, or answered in the master's place, guess the password (RFC 5802 section 5.1, RFC 7677 section 4). */
const ITERATIONS_MIN = 4096
/** More would be seconds of our own CPU for each login: a master that asks for it stops the harness, not itself. */
const ITERATIONS_MAX = 1_000_000
/** Of base64: salts have 16 bytes or so, and they are kept. */
const SALT_MAX = 1000
/** Keys of so many salts: masters have few users, and each has one salt. */
const CACHED_MAX = 1024

/** Keys by password and salt, so that only the first of many logins is slow. One for all logins of a thread. */
export class ScramKeyCache {
  private readonly keys = new Map<string, ScramKeys>()

  get(hash: ScramHash, password: string, salt: Buffer, iterations: number): ScramKeys {
    const id = `${hash.name} ${iterations} ${salt.toString('base64')} ${password}`
    const known = this.keys.get(id)
    if (known !== undefined) return known
    const keys = scramKeys(hash, password, salt, iterations)
    if (this.keys.size >= CACHED_MAX) this.keys.clear()
    this.keys.set(id, keys)
    return keys
  }
}

/** RFC 5802 section 5, the client's side. */
export class ScramClient implements SaslClient {
  private readonly gs2: string
  private readonly firstBare: string
  private signature: Buffer | undefined
  private proven = false

  constructor(
    private readonly hash: ScramHash,
    private readonly credentials: Credentials,
    private readonly nonce: string,
    private readonly cache: ScramKeyCache,
  ) {
    const { authorize, user } = credentials
    this.gs2 = authorize === undefined ? 'n,,' : `n,a=${escapedName(prepared(authorize))},`
    this.firstBare = `n=${escapedName(prepared(user))},r=${nonce}`
  }

  first(): Buffer {
    return Buffer.from(this.gs2 + this.firstBare)
  }

  respond(challenge: Buffer): Buffer {
    if (this.proven) throw garbled(this.hash.mechanism, 'the master goes on after its proof')
    return this.signature === undefined ? this.prove(challenge.toString()) : this.verify(challenge.toString())
  }

  finish(): void {
    if (!this.proven) throw unproven(this.hash.mechanism)
  }

  private prove(serverFirst: string): Buffer {
    const { hash, credentials, nonce, gs2 } = this
    const attributes = scramAttributes(serverFirst)
    const [theirs, salt, count] = [attributes?.get('r'), attributes?.get('s'), attributes?.get('i')]
    if (theirs === undefined || salt === undefined || count === undefined || attributes!.has('m')) {
      throw garbled(hash.mechanism, 'the master’s first message is none')
    }
    if (!theirs.startsWith(nonce) || theirs.length === nonce.length) {
      throw garbled(hash.mechanism, 'the master answers another login than ours')
    }
    const isCount = /^[1-9]\d{0,9}$/.test(count)
    if (!isCount || Number(count) < ITERATIONS_MIN || Number(count) > ITERATIONS_MAX) {
      throw garbled(
        hash.mechanism,
        `the master wants the password hashed ${count.slice(0, 20)} times, not ${ITERATIONS_MIN} or more`,
      )
    }
    if (salt.length > SALT_MAX) throw garbled(hash.mechanism, `the master’s salt has ${salt.length} characters`)
    const keys = this.cache.get(hash, credentials.password, Buffer.from(salt, 'base64'), Number(count))
    const finalBare = `c=${Buffer.from(gs2).toString('base64')},r=${theirs}`
    const message = authMessage(this.firstBare, serverFirst, finalBare)
    this.signature = serverSignature(hash, keys, message)
    return Buffer.from(`${finalBare},p=${clientProof(hash, keys, message).toString('base64')}`)
  }

  private verify(serverFinal: string): Buffer {
    const theirs = scramAttributes(serverFinal)?.get('v')
    if (theirs === undefined || !sameBytes(Buffer.from(theirs, 'base64'), this.signature!)) {
      throw unproven(this.hash.mechanism)
    }
    this.proven = true
    return Buffer.alloc(0)
  }
}
