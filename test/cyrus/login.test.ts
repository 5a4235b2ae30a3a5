import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Credentials, MasterAddress, TlsSettings } from '../../src/core/address.js'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { cyrusInstalled, cyrusMaster } from '../../src/masters/cyrus/cyrus-master.js'
import type { Master } from '../../src/masters/master.js'
import { Client, type ConnectOptions } from '../../src/session/client.js'
import { traffic } from '../../src/session/transport.js'
import { Certificates } from '../support/certificates.js'

const clock = monotonicClock(monotonicOriginS())
/** All that Debian's libsasl2-modules have, but CRAM-MD5 and NTLM. */
const OFFERED = ['SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1', 'DIGEST-MD5', 'PLAIN', 'LOGIN']
const MAILBOXES = 3_000

let certificates: Certificates
let master: Master
let clients: Client[] = []

beforeAll(async () => {
  certificates = new Certificates()
  const server = certificates.issue('bench', 'DNS:master.example.com', 'IP:127.0.0.1')
  master = cyrusMaster({
    settings: {
      sasl_mech_list: [...OFFERED, 'EXTERNAL'].join(' '),
      failedloginpause: '0',
      tls_server_cert: server.cert,
      tls_server_key: server.key,
      tls_client_ca_file: certificates.ca,
    },
  })
  await master.start()
})

afterEach(async () => {
  await Promise.all(clients.map(client => client.logout()))
  clients = []
})

afterAll(async () => {
  await master.stop()
  certificates.remove()
})

interface Way {
  readonly tls?: Partial<TlsSettings>
  readonly compress?: true
  readonly login?: Partial<Credentials>
  readonly options?: Pick<ConnectOptions, 'initialResponse'>
}

async function connect({ tls, compress, login, options }: Way): Promise<Client> {
  const { user, password } = master.credentials
  const address: MasterAddress = {
    ...master.address,
    ...(tls && { tls: { mode: 'starttls', caFile: certificates.ca, ...tls } }),
    ...(compress && { compress }),
  }
  const client = await Client.connect({ address, credentials: { user, password, ...login }, clock, ...options })
  clients.push(client)
  return client
}

const noop = async (client: Client) => expect(await client.request({ kind: 'NOOP' })).toMatchObject({ status: 'OK' })

describe.skipIf(!cyrusInstalled())('our client on a real master', () => {
  it('is offered', async () => {
    const client = await connect({})
    expect([...client.banner.capabilities.get('AUTH')!]).toEqual([])
    console.log(client.banner, client.security)
  })
  describe.each(OFFERED)('logs in by %s', mechanism => {
    it.each([{ initialResponse: undefined }, { initialResponse: false as const }])(
      '%o',
      async ({ initialResponse }) => {
        const options = initialResponse === undefined ? {} : { initialResponse }
        const client = await connect({ login: { mechanism }, options })
        await noop(client)
      },
    )
    it('not with a wrong password', async () => {
      await expect(connect({ login: { mechanism, password: 'wrong' } })).rejects.toMatchObject({ code: 'AUTH_FAILED' })
    })
  })
  it('starttls', async () => {
    const before = { ...traffic }
    const client = await connect({ tls: {} })
    await noop(client)
    console.log(client.security, client.banner, before, traffic)
  })
  it('external', async () => {
    const { cert, key } = certificates.issue('murder')
    const client = await connect({ tls: { certFile: cert, keyFile: key } })
    await noop(client)
    console.log(client.security, client.banner)
  })
  it('compress', async () => {
    const client = await connect({ compress: true })
    await noop(client)
    console.log(client.security, client.banner)
  })
})
