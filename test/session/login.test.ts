import { afterEach, describe, expect, it } from 'vitest'
import type { Credentials } from '../../src/core/address.js'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import type { SaslServer } from '../../src/sasl/exchange.js'
import { mechanismOf } from '../../src/sasl/mechanism.js'
import { SaslLogins } from '../../src/sasl/sasl-server.js'
import { Client, type ConnectOptions } from '../../src/session/client.js'
import { chooseMechanism, type LoginWay } from '../../src/session/login.js'
import { type LineServer, lineServer } from '../support/line-server.js'

const clock = monotonicClock(monotonicOriginS())
const credentials: Credentials = { user: 'murder', password: 'pä ss' }
const MECHANISMS = ['SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1', 'DIGEST-MD5', 'PLAIN', 'LOGIN'] as const

describe('the mechanism', () => {
  const way: LoginWay = {
    where: 'mail:3905',
    host: 'mail',
    offered: [],
    couldBeSecure: false,
    isPrivate: true,
    hasCertificate: false,
  }
  const choose = (offered: string, wishes: Partial<Credentials> = {}, more: Partial<LoginWay> = {}) =>
    chooseMechanism({ ...credentials, ...wishes }, { ...way, offered: offered.split(' ').filter(Boolean), ...more })

  it.each([
    { offered: 'PLAIN LOGIN DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-512 SCRAM-SHA-256', chosen: 'SCRAM-SHA-512' },
    { offered: 'LOGIN PLAIN scram-sha-1 DIGEST-MD5', chosen: 'SCRAM-SHA-1' },
    { offered: 'GSSAPI SCRAM-SHA-256-PLUS LOGIN DIGEST-MD5', chosen: 'DIGEST-MD5' },
    { offered: 'LOGIN PLAIN EXTERNAL', chosen: 'PLAIN' },
    { offered: 'LOGIN PLAIN EXTERNAL', more: { hasCertificate: true }, chosen: 'EXTERNAL' },
    { offered: 'LOGIN SCRAM-SHA-1', more: { hasCertificate: true }, chosen: 'SCRAM-SHA-1' },
    { offered: 'SCRAM-SHA-1 LOGIN', wishes: { mechanism: 'login' }, chosen: 'LOGIN' },
    { offered: 'SCRAM-SHA-1 EXTERNAL', wishes: { mechanism: 'EXTERNAL' }, chosen: 'EXTERNAL' },
    { offered: 'SCRAM-SHA-1 PLAIN', more: { isPrivate: false }, chosen: 'SCRAM-SHA-1' },
  ])('of $offered ($wishes, $more) is $chosen', ({ offered, wishes, more, chosen }) => {
    expect(choose(offered, wishes, more)).toBe(chosen)
  })

  it.each([
    { name: 'none offered', offered: '', message: /offered: none/, hint: /sasl_mech_list/ },
    { name: 'none that is known', offered: 'GSSAPI NTLM', message: /offered: GSSAPI, NTLM/, hint: /sasl_mech_list/ },
    { name: 'more to come', offered: '', more: { couldBeSecure: true }, message: /none/, hint: /--tls starttls/ },
    {
      name: 'another than is asked for',
      offered: 'SCRAM-SHA-512 PLAIN',
      wishes: { mechanism: 'SCRAM-SHA-256' },
      message: /no SASL SCRAM-SHA-256 \(offered: SCRAM-SHA-512, PLAIN\)/,
      hint: /leave it out/,
    },
    { name: 'EXTERNAL', offered: 'PLAIN', wishes: { mechanism: 'EXTERNAL' }, message: /EXTERNAL/, hint: /--tls-cert/ },
    {
      name: 'PLAIN in the clear',
      offered: 'PLAIN',
      more: { isPrivate: false },
      message: /PLAIN without TLS/,
      hint: /--allow-plaintext mail/,
    },
    {
      name: 'LOGIN in the clear, though a stronger one is offered',
      offered: 'LOGIN SCRAM-SHA-1',
      wishes: { mechanism: 'LOGIN' },
      more: { isPrivate: false },
      message: /LOGIN without TLS/,
      hint: /--allow-plaintext mail/,
    },
  ])('$name is an error that says what is offered and what to do', ({ offered, wishes, more, message, hint }) => {
    expect(() => choose(offered, wishes, more)).toThrow(
      expect.objectContaining({
        code: 'AUTH_UNAVAILABLE',
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      }),
    )
  })
})

let server: LineServer | undefined
let client: Client | undefined

afterEach(async () => {
  client?.destroy()
  await server?.close()
})

type Change = (line: string) => string

/** A master whose logins are right but for what `change` makes of its lines; `said` is what clients have said. */
async function serve(change: Change = line => line): Promise<{ said: string[] }> {
  const logins = new SaslLogins(credentials, 'bench', Buffer.from('0123456789abcdef'))
  const said: string[] = []
  const list = MECHANISMS.map(mechanism => `"${mechanism}"`).join(' ')
  let sasl: SaslServer | undefined
  const step = (response: string | undefined) => {
    const next = sasl!.next(response === undefined ? undefined : Buffer.from(response.replace(/^=$/, ''), 'base64'))
    if (next.kind === 'challenge') return change(`${next.data.toString('base64')}\r\n`)
    sasl = undefined
    return change(next.kind === 'accepted' ? 'A01 OK "Authenticated"\r\n' : 'A01 NO "authentication failure"\r\n')
  }
  const banner = `* AUTH ${list}\r\n* OK MUPDATE "mail.example.com" "Cyrus IMAP" "3.6.1" "(master)"\r\n`
  server = await lineServer(banner, (tag, rest) => {
    said.push(`${tag} ${rest}`.trim())
    const [, name, , initial] = /^AUTHENTICATE "([^"]+)"( \{\d+\+\}\r\n(.*))?$/.exec(rest) ?? []
    if (name !== undefined) {
      sasl = logins.begin(mechanismOf(name)!, 'server-nonce', undefined)
      return step(initial)
    }
    if (tag === '*') return 'A01 NO Client canceled authentication\r\n'
    return sasl === undefined ? `${tag} OK "done"\r\n` : step(tag)
  })
  return { said }
}

async function open(login: Partial<Credentials> = {}, options: Partial<ConnectOptions> = {}): Promise<Client> {
  const { address } = server!
  client = await Client.connect({
    address,
    credentials: { ...credentials, ...login },
    clock,
    timeoutMs: 2000,
    ...options,
  })
  return client
}

describe.each(MECHANISMS)('a login by %s', mechanism => {
  it('comes through, with what is said first and without', async () => {
    for (const options of [{}, { initialResponse: false }] as const) {
      await serve()
      const opened = await open({ mechanism }, options)
      expect(opened.security.mechanism).toBe(mechanism)
      expect(await opened.request({ kind: 'NOOP' })).toMatchObject({ status: 'OK' })
      await server!.close()
    }
  })

  it('fails with a wrong password, which is in no message', async () => {
    await serve()
    const attempt = open({ mechanism, password: 'hunter2' })
    await expect(attempt).rejects.toMatchObject({
      code: 'AUTH_FAILED',
      message: expect.not.stringContaining('hunter2'),
    })
  })

  it('is cancelled when a challenge is none', async () => {
    const { said } = await serve(() => 'no+base64!\r\n')
    await expect(open({ mechanism }, { initialResponse: false })).rejects.toMatchObject({
      code: 'AUTH_FAILED',
      message: expect.stringContaining('no base64'),
    })
    expect(said.at(-1)).toBe('*')
  })
})

describe.each(['SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1', 'DIGEST-MD5'] as const)(
  'with %s the master',
  mechanism => {
    const proof = /^(v=|rspauth=)/
    const isProof = (line: string) => proof.test(Buffer.from(line, 'base64').toString())

    it('that says OK without having proved that it knows the password is not believed', async () => {
      await serve(line => (isProof(line) ? 'A01 OK "Authenticated"\r\n' : line))
      await expect(open({ mechanism })).rejects.toMatchObject({
        code: 'AUTH_FAILED',
        message: expect.stringContaining('did not prove'),
      })
    })

    it('that proves it wrongly is not believed either, and hears that we give up', async () => {
      const { said } = await serve(line =>
        isProof(line)
          ? `${Buffer.from(mechanism === 'DIGEST-MD5' ? 'rspauth=00' : 'v=AAAA').toString('base64')}\r\n`
          : line,
      )
      await expect(open({ mechanism })).rejects.toMatchObject({
        code: 'AUTH_FAILED',
        message: expect.stringContaining('did not prove'),
      })
      expect(said.at(-1)).toBe('*')
    })
  },
)

describe('a login', () => {
  it('that is closed, or answered with BYE, in the middle is told as that', async () => {
    await serve(() => '* BYE "shutting down"\r\n')
    await expect(open({ mechanism: 'LOGIN' })).rejects.toMatchObject({ code: 'MASTER_BYE' })
  })

  it('names whom to act for', async () => {
    const { said } = await serve()
    await open({ mechanism: 'PLAIN', authorize: 'bob' })
    const response = Buffer.from(said[0]!.split('\r\n')[1]!, 'base64').toString()
    expect(response).toBe('bob\0murder\0pä ss')
  })

  it('asked for in the clear on another host sends nothing', async () => {
    const { said } = await serve()
    const address = { host: '0.0.0.0', port: server!.address.port }
    await expect(open({ mechanism: 'PLAIN' }, { address })).rejects.toMatchObject({ code: 'AUTH_UNAVAILABLE' })
    expect(said).toEqual([])
    expect((await open({ mechanism: 'PLAIN', allowPlaintext: true }, { address })).security.mechanism).toBe('PLAIN')
    client!.destroy()
    expect((await open({}, { address })).security.mechanism).toBe('SCRAM-SHA-512')
  })
})
