import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Credentials, MasterAddress, TlsSettings } from '../../src/core/address.js'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { cyrusMaster } from '../../src/masters/cyrus/cyrus-master.js'
import type { Master } from '../../src/masters/master.js'
import { Client, type ConnectOptions } from '../../src/session/client.js'
import { traffic } from '../../src/session/transport.js'
import { makeTrees } from '../../bench/cyrus-tree.js'
import { Workbench } from '../cli/bench.js'
import { Certificates } from '../support/certificates.js'
import { cyrusThatSurvivesTls } from '../support/tls-cyrus.js'

const clock = monotonicClock(monotonicOriginS())
/** All that Debian's libsasl2-modules have, but CRAM-MD5 and NTLM. */
const OFFERED = ['SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1', 'DIGEST-MD5', 'PLAIN', 'LOGIN']
const MAILBOXES = 3_000

let trees: string
let certificates: Certificates
let settings: Record<string, string>
let master: Master
let clients: Client[] = []
const restarts: string[] = []

beforeAll(async () => {
  certificates = new Certificates()
  const server = certificates.issue('bench', 'DNS:master.example.com', 'IP:127.0.0.1')
  settings = {
    sasl_mech_list: [...OFFERED, 'EXTERNAL'].join(' '),
    failedloginpause: '0',
    tls_server_cert: server.cert,
    tls_server_key: server.key,
    tls_client_ca_file: certificates.ca,
  }
  trees = makeTrees()
  master = cyrusMaster({ prefix: cyrusThatSurvivesTls(trees), settings })
  master.onEvent(event => {
    if (event.kind !== 'syslog') restarts.push(JSON.stringify(event))
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
  rmSync(trees, { recursive: true, force: true })
  expect(restarts).toEqual([])
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

async function noop(client: Client): Promise<void> {
  expect(await client.request({ kind: 'NOOP' })).toMatchObject({ status: 'OK' })
}

/** @returns the names of the whole list, and the bytes that it was on the wire */
async function list(client: Client): Promise<{ readonly names: readonly string[]; readonly wireBytes: number }> {
  const names: string[] = []
  const before = traffic.readBytes
  await new Promise<void>((resolve, reject) => {
    client.update(
      undefined,
      { onDone: () => resolve(), onLost: reject },
      {
        onRecord: ({ bytes, nameStart, nameEnd }) =>
          void names.push(Buffer.from(bytes.subarray(nameStart, nameEnd)).toString('latin1')),
      },
    )
  })
  return { names, wireBytes: traffic.readBytes - before }
}

describe('peer 5: our client on a real master', () => {
  it('takes the strongest that is offered', async () => {
    const client = await connect({})
    expect([...client.banner.capabilities.get('AUTH')!].sort()).toEqual([...OFFERED].sort())
    expect(client.security).toEqual({ tls: null, verified: null, mechanism: 'SCRAM-SHA-512', compression: null })
  })

  describe.each(OFFERED)('logs in by %s', mechanism => {
    it('with and without saying something first', async () => {
      for (const options of [{}, { initialResponse: false }] as const) {
        const client = await connect({ login: { mechanism }, options })
        await noop(client)
        expect(client.security.mechanism).toBe(mechanism)
      }
    })

    it('over STARTTLS', async () => {
      const client = await connect({ tls: {}, login: { mechanism } })
      await noop(client)
      expect(client.security).toMatchObject({ tls: expect.stringMatching(/^TLSv1\.3, /), mechanism })
    })

    it('not with a wrong password', async () => {
      await expect(connect({ login: { mechanism, password: 'wrong' } })).rejects.toMatchObject({ code: 'AUTH_FAILED' })
    })
  })

  it('acts for another', async () => {
    for (const mechanism of OFFERED.filter(name => name !== 'LOGIN'))
      await noop(await connect({ login: { mechanism, authorize: 'bob' } }))
  })

  it('reads what is offered anew after STARTTLS', async () => {
    const { capabilities } = (await connect({ tls: {} })).banner
    expect(capabilities.has('STARTTLS')).toBe(false)
    expect(capabilities.get('AUTH')).toContain('SCRAM-SHA-256-PLUS')
    await noop(await connect({ tls: { serverName: 'master.example.com', minVersion: 'TLSv1.3' } }))
    await noop(await connect({ tls: { serverName: 'other', verify: false } }))
  })

  it('believes no certificate of another authority, nor one for another name', async () => {
    const others = new Certificates()
    const unknown = connect({ tls: { caFile: others.ca } })
    await expect(unknown).rejects.toMatchObject({ code: 'TLS_FAILED', message: expect.stringContaining('signed') })
    others.remove()
    const name = connect({ tls: { serverName: 'other.example.com' } })
    await expect(name).rejects.toMatchObject({ code: 'TLS_FAILED', message: expect.stringContaining('not for other') })
  })

  it('logs in by its certificate alone', async () => {
    const { cert, key } = certificates.issue('murder')
    const client = await connect({ tls: { certFile: cert, keyFile: key }, login: { password: '' } })
    await noop(client)
    expect(client.security.mechanism).toBe('EXTERNAL')
    const stranger = certificates.issue('stranger')
    const attempt = connect({ tls: { certFile: stranger.cert, keyFile: stranger.key }, login: { password: '' } })
    await expect(attempt).rejects.toMatchObject({ code: 'AUTH_FAILED', message: expect.stringContaining('EXTERNAL') })
  })

  it('reads the same whole list in the clear, by DEFLATE, over TLS, and by both', async () => {
    const writer = await connect({})
    const records = Array.from({ length: MAILBOXES }, (_, i) => ({
      name: `user.u${10_000 + i}`,
      location: 'be1.example.com!default',
      acl: `u${10_000 + i}\tlrswipkxtecdan\t`,
      state: 'active' as const,
    }))
    const answers: string[] = []
    const done = (answer: string) => void answers.push(answer)
    writer.activateAll(records, { onDone: done, onLost: () => done('lost') })
    await noop(writer)
    expect(answers).toEqual(records.map(() => 'OK'))

    const plain = await list(await connect({}))
    expect(plain.names).toEqual(records.map(({ name }) => name))
    const deflated = await list(await connect({ compress: true }))
    const encrypted = await list(await connect({ tls: {} }))
    const both = await list(await connect({ tls: {}, compress: true }))
    for (const { names } of [deflated, encrypted, both]) expect(names).toEqual(plain.names)
    expect(deflated.wireBytes).toBeLessThan(plain.wireBytes / 5)
    expect(both.wireBytes).toBeLessThan(plain.wireBytes / 5)
    expect(encrypted.wireBytes).toBeGreaterThan(plain.wireBytes)
  })

  it('says what a master without TLS and SCRAM has not', async () => {
    const old = cyrusMaster({ settings: { sasl_mech_list: 'PLAIN' } })
    await old.start()
    try {
      const { address, credentials } = old
      const attempt = (tls: TlsSettings | undefined, mechanism: string) =>
        Client.connect({
          address: { ...address, ...(tls && { tls }) },
          credentials: { ...credentials, mechanism },
          clock,
        })
      await expect(attempt({ mode: 'starttls' }, 'PLAIN')).rejects.toMatchObject({ code: 'TLS_UNAVAILABLE' })
      await expect(attempt({ mode: 'implicit' }, 'PLAIN')).rejects.toMatchObject({ code: 'TLS_FAILED' })
      await expect(attempt(undefined, 'SCRAM-SHA-256')).rejects.toMatchObject({
        code: 'AUTH_UNAVAILABLE',
        message: expect.stringContaining('offered: PLAIN'),
      })
    } finally {
      await old.stop()
    }
  })

  it('is used by a run, whose result says what lay over the connections and what that cost', async () => {
    const workbench = new Workbench()
    try {
      const { user, password } = master.credentials
      const url = `mupdate://${user}@127.0.0.1:${master.address.port}`
      const reach = ['--tls-ca', certificates.ca, '--mechanism', 'SCRAM-SHA-256', '--compress']
      const run = workbench.startRun(['--master', url, ...reach], { MUPDATE_BENCH_PASSWORD: password })
      const { stdout, stderr } = await run.ended
      expect(stderr).toContain('dies of connections that close after a STARTTLS')
      const { master: reached, generator, total } = workbench.result()
      expect(reached.security).toEqual({
        tls: 'TLSv1.3, TLS_AES_256_GCM_SHA384',
        verified: true,
        mechanism: 'SCRAM-SHA-256',
        compression: 'DEFLATE',
      })
      expect(total.commands.ACTIVATE).toMatchObject({ failed: 0, unfinished: 0 })
      expect(generator.plainBytesRead).toBeGreaterThan(generator.bytesRead!)
      expect(stdout).toContain('logged in by SCRAM-SHA-256, over TLSv1.3, TLS_AES_256_GCM_SHA384, DEFLATE')
      expect(stdout).toMatch(/read and .* written; on the\s+wire/)
    } finally {
      workbench.remove()
    }
  })

  it('kills it when two connections close after a STARTTLS: that is why it is never begun unasked', async () => {
    const asInstalled = cyrusMaster({ settings })
    const deaths: string[] = []
    asInstalled.onEvent(event => {
      if (event.kind === 'syslog' && /signaled to death by signal (6|11)/.test(event.line)) deaths.push(event.line)
    })
    await asInstalled.start()
    try {
      const { address, credentials } = asInstalled
      const secure: MasterAddress = { ...address, tls: { mode: 'starttls', caFile: certificates.ca } }
      await (await Client.connect({ address: secure, credentials, clock })).logout()
      expect(deaths).toEqual([])
      await (await Client.connect({ address, credentials, clock })).logout()
      for (let i = 0; i < 250 && deaths.length === 0; i++) await sleep(20)
      expect(deaths).not.toEqual([])
    } finally {
      await asInstalled.stop()
    }
  })
})
