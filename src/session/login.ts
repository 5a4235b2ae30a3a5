import { randomBytes } from 'node:crypto'
import type { Credentials } from '../core/address.js'
import { HarnessError, isHarnessError } from '../core/errors.js'
import type { Command } from '../core/operation.js'
import type { SaslClient } from '../sasl/exchange.js'
import { garbled } from '../sasl/failure.js'
import { type Mechanism, mechanismOf, showsPassword, strongest } from '../sasl/mechanism.js'
import { saslClient } from '../sasl/sasl-client.js'
import { ScramKeyCache } from '../sasl/scram-client.js'
import type { Status } from './client.js'

/** One for all logins of a thread. */
const scramKeys = new ScramKeyCache()
const NONCE_BYTES = 18
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const CANCEL = '*'

/** What decides which mechanism will do. */
export interface LoginWay {
  readonly where: string
  readonly host: string
  /** AUTH of the banner. */
  readonly offered: readonly string[]
  /** STARTTLS is offered too, and was not used. */
  readonly couldBeSecure: boolean
  /** Nobody else can read what is sent, or that was allowed. */
  readonly isPrivate: boolean
  /** TLS has shown who we are. */
  readonly hasCertificate: boolean
}

/** @throws {HarnessError} `AUTH_UNAVAILABLE`, `USAGE` for a mechanism that is not spoken here */
export function chooseMechanism({ mechanism: asked, user }: Credentials, way: LoginWay): Mechanism {
  const { where, host, offered } = way
  const isOffered = (mechanism: Mechanism) => offered.some(name => mechanismOf(name) === mechanism)
  const list = offered.length > 0 ? offered.join(', ') : 'none'
  const chosen = asked === undefined ? preferred(way, isOffered) : mechanismOf(asked)
  if (chosen === undefined && asked !== undefined)
    throw new HarnessError('USAGE', `${asked}: no login mechanism that is spoken here`, 'leave it out')
  if (chosen === undefined || !isOffered(chosen)) {
    const what = asked === undefined ? 'no login mechanism that is spoken here' : `no SASL ${chosen}`
    throw new HarnessError('AUTH_UNAVAILABLE', `${where} offers ${what} (offered: ${list})`, remedyOf(way, asked))
  }
  if (showsPassword(chosen) && !way.isPrivate)
    throw new HarnessError(
      'AUTH_UNAVAILABLE',
      `${chosen} without TLS would show ${user}’s password to whoever is between here and ${host} (offered: ${list})`,
      `use TLS, if the master has it; or, if nobody else is on that network, add --allow-plaintext ${host}`,
    )
  return chosen
}

function preferred(
  { offered, hasCertificate }: LoginWay,
  isOffered: (mechanism: Mechanism) => boolean,
): Mechanism | undefined {
  return hasCertificate && isOffered('EXTERNAL') ? 'EXTERNAL' : strongest(offered)
}

function remedyOf({ couldBeSecure }: LoginWay, asked: string | undefined): string {
  if (asked?.toUpperCase() === 'EXTERNAL')
    return 'it is offered to who gives a certificate over TLS: --tls-cert FILE; see tls_client_ca_file in the master’s imapd.conf'
  if (couldBeSecure) return 'more may be offered over TLS: --tls starttls'
  const remedy = 'set sasl_mech_list (and allowplaintext, for PLAIN without TLS) in the master’s imapd.conf'
  return asked === undefined ? remedy : `leave it out, to take the strongest that is offered; or ${remedy}`
}

/** Our side of one AUTHENTICATE (RFC 3656 section 4.3; imap/saslserver.c: challenges and answers are bare lines). */
export class Login {
  private readonly sasl: SaslClient
  /** What is said first, until it has been. */
  private opening: Buffer | undefined
  private failure: HarnessError | undefined

  /** @param host as the user gave it */
  constructor(
    readonly mechanism: Mechanism,
    private readonly credentials: Credentials,
    host: string,
  ) {
    // One costs a system call, and those that show the password have no use for it.
    const nonce = showsPassword(mechanism) ? '' : randomBytes(NONCE_BYTES).toString('base64')
    this.sasl = saslClient(mechanism, credentials, { host, nonce, scramKeys })
    this.opening = this.sasl.first()
  }

  /** @param withResponse what is said first comes along, where the mechanism has such */
  begin(withResponse: boolean): Command {
    const { mechanism, opening } = this
    if (opening === undefined || !withResponse) return { kind: 'AUTHENTICATE', mechanism }
    this.opening = undefined
    // An empty one is written so (imap/saslserver.c).
    return { kind: 'AUTHENTICATE', mechanism, initialResponse: opening.toString('base64') || '=' }
  }

  /** @returns the line that answers a challenge; a `*` gives up, and {@link end} says why */
  answer(challenge: string): string {
    try {
      return this.respond(challenge).toString('base64')
    } catch (error) {
      if (!isHarnessError(error)) throw error
      this.failure ??= error
      return CANCEL
    }
  }

  private respond(challenge: string): Buffer {
    if (!BASE64.test(challenge)) throw garbled(this.mechanism, 'the master’s challenge is no base64')
    const { opening } = this
    if (opening === undefined) return this.sasl.respond(Buffer.from(challenge, 'base64'))
    this.opening = undefined
    return opening
  }

  /** @throws {HarnessError} `AUTH_FAILED` also for an OK of who did not show that he knows the password */
  end(where: string, status: Status, text: string): void {
    if (this.failure !== undefined) throw this.failure
    if (status !== 'OK') throw this.refused(where, text || status)
    this.sasl.finish()
  }

  private refused(where: string, why: string): HarnessError {
    const { mechanism, credentials } = this
    return new HarnessError(
      'AUTH_FAILED',
      `${where} refuses user "${credentials.user}" (${mechanism}): ${why}`,
      mechanism === 'EXTERNAL'
        ? 'the certificate says who it is: its common name must be one of the master’s admins'
        : 'check user and password; the password is read from MUPDATE_BENCH_PASSWORD or --password-file',
    )
  }
}
