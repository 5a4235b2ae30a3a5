import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isHarnessError } from '../../src/core/errors.js'
import type { SaslClient } from '../../src/sasl/exchange.js'
import { MECHANISMS, type Mechanism } from '../../src/sasl/mechanism.js'
import { saslClient } from '../../src/sasl/sasl-client.js'
import { SaslLogins } from '../../src/sasl/sasl-server.js'
import { ScramKeyCache } from '../../src/sasl/scram-client.js'

const account = { user: 'murder', password: 'secret' }
const scramKeys = new ScramKeyCache()
const logins = new SaslLogins(account, 'mupdate.example', Buffer.from('salt'))

const client = (mechanism: Mechanism) =>
  saslClient(mechanism, account, { host: 'mupdate.example', nonce: 'client', scramKeys })

/** Parts of what the mechanisms say, and what they never do. */
const part = fc.oneof(
  fc.constantFrom(
    ...[
      'r=client',
      'server,',
      's=c2FsdA==,',
      'i=4',
      'i=0',
      'i=4096,',
      'i=-1',
      'i=999999999999',
      'v=',
      'e=other-error',
      'm=x,',
    ],
    ...['n,,', 'y,,', 'p=tls-unique,,', 'n=murder,', 'c=biws,', 'p=AAAA', 'a=', ',', '=', '"', '\\', '\0', '\xff', ' '],
    ...[
      'nonce="server",',
      'nonce="',
      'algorithm=md5-sess,',
      'qop="auth",',
      'qop="auth-conf",',
      'charset=utf-8,',
      'realm="x",',
    ],
    ...['rspauth=', 'username="murder",', 'cnonce="a",', 'nc=00000001,', 'digest-uri="mupdate/x",', 'response=0'],
  ),
  fc.uint8Array({ maxLength: 8 }).map(bytes => Buffer.from(bytes).toString('latin1')),
)
const message = fc.array(part, { maxLength: 12 }).map(parts => Buffer.from(parts.join(''), 'latin1'))

/** @returns undefined when it does not throw */
function refusal(act: () => unknown): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    if (!isHarnessError(error)) throw error
    return error.code
  }
}

function refusals(each: SaslClient, challenges: readonly Buffer[]): (string | undefined)[] {
  each.first()
  return [...challenges.map(challenge => refusal(() => each.respond(challenge))), refusal(() => each.finish())]
}

describe.each(MECHANISMS)('%s', mechanism => {
  it('is answered by its client, or refused by name, whatever the master says', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), challenges => {
        for (const code of refusals(client(mechanism), challenges)) expect([undefined, 'AUTH_FAILED']).toContain(code)
      }),
      { numRuns: 300 },
    )
  })

  it('lets nobody in who says what comes to mind, however long he goes on', () => {
    fc.assert(
      fc.property(fc.array(fc.option(message, { nil: undefined }), { maxLength: 5 }), responses => {
        const server = logins.begin(mechanism, 'server', undefined)
        for (const response of responses) expect(server.next(response).kind).not.toBe('accepted')
      }),
      { numRuns: 300 },
    )
  })
})

describe('a challenge that is meant to take long', () => {
  const ms = (act: () => unknown) => {
    const startMs = performance.now()
    act()
    return performance.now() - startMs
  }
  it.each<[string, Mechanism, string]>([
    ['a million directives', 'DIGEST-MD5', 'a=b,'.repeat(130_000)],
    ['a quoted string without an end', 'DIGEST-MD5', `nonce="${'\\a'.repeat(250_000)}`],
    ['commas', 'DIGEST-MD5', `${','.repeat(500_000)}=`],
    ['iterations without end', 'SCRAM-SHA-256', 'r=clientserver,s=c2FsdA==,i=4294967295'],
    ['a salt of half a megabyte', 'SCRAM-SHA-256', `r=clientserver,s=${'A'.repeat(500_000)},i=4096`],
    ['attributes without end', 'SCRAM-SHA-256', 'r=clientserver,s=c2FsdA==,'.repeat(20_000)],
  ])('%s is refused at once', (_, mechanism, challenge) => {
    const each = client(mechanism)
    each.first()
    let code: string | undefined
    expect(ms(() => (code = refusal(() => each.respond(Buffer.from(challenge, 'latin1')))))).toBeLessThan(3000)
    expect(code).toBe('AUTH_FAILED')
  })
})
