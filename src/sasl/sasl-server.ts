import type { Credentials } from '../core/address.js'
import { DigestMd5Server } from './digest-md5-server.js'
import type { SaslServer } from './exchange.js'
import { ExternalServer } from './external.js'
import { LoginServer } from './login.js'
import type { Mechanism } from './mechanism.js'
import { PlainServer } from './plain.js'
import { SCRAM, type ScramMechanism, scramKeys } from './scram.js'
import { type ScramAccount, ScramServer } from './scram-server.js'

/** As cyrus-sasl's `scram_iteration_counter` is by default. */
const ITERATIONS = 4096

/** Logins of a master's one user. */
export class SaslLogins {
  private readonly scramAccounts = new Map<ScramMechanism, ScramAccount>()

  /**
   * @param realm DIGEST-MD5's: the master's host name
   * @param salt by chance, once for each master
   */
  constructor(
    private readonly account: Credentials,
    private readonly realm: string,
    private readonly salt: Buffer,
  ) {}

  /**
   * @param nonce printable, without a comma, by chance, and never used before
   * @param shown who the client is by its certificate; undefined when it gave none
   */
  begin(mechanism: Mechanism, nonce: string, shown: string | undefined): SaslServer {
    const { account } = this
    switch (mechanism) {
      case 'PLAIN':
        return new PlainServer(account)
      case 'LOGIN':
        return new LoginServer(account)
      case 'EXTERNAL':
        return new ExternalServer(account, shown)
      case 'DIGEST-MD5':
        return new DigestMd5Server(account, this.realm, nonce)
      default:
        return new ScramServer(SCRAM[mechanism], this.scramAccount(mechanism), nonce)
    }
  }

  private scramAccount(mechanism: ScramMechanism): ScramAccount {
    const known = this.scramAccounts.get(mechanism)
    if (known !== undefined) return known
    const { account: credentials, salt } = this
    const keys = scramKeys(SCRAM[mechanism], credentials.password, salt, ITERATIONS)
    const made: ScramAccount = { credentials, salt, iterations: ITERATIONS, keys }
    this.scramAccounts.set(mechanism, made)
    return made
  }
}
