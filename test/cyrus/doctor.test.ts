import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { cyrusMaster } from '../../src/masters/cyrus/cyrus-master.js'
import { type DoctorCheck, type DoctorResult, doctorResultSchema } from '../../src/metrics/doctor-result.js'
import { Client } from '../../src/session/client.js'
import { Workbench } from '../cli/bench.js'
import { Certificates } from '../support/certificates.js'

const MAILBOXES = 60_000
/** Their lists come one after the other: together they hold the lock for seconds. */
const READERS = 12

const clock = monotonicClock(monotonicOriginS())
const bench = new Workbench()
const certificates = new Certificates()
const server = certificates.issue('localhost', 'DNS:localhost')
const master = cyrusMaster({
  settings: { tls_server_cert: server.cert, tls_server_key: server.key, mupdate_workers_max: '30' },
})

master.onEvent(event => console.log(JSON.stringify(event)))
beforeAll(async () => {
  await master.start()
  const client = await connect()
  const records = Array.from({ length: MAILBOXES }, (_, i) => ({
    name: `user.u${i}`,
    location: `be${i % 3}.example.com!default`,
    acl: `u${i}\tlrswipkxtecda\t`,
    state: 'active' as const,
  }))
  await new Promise<void>((resolve, reject) => {
    let left = records.length
    client.activateAll(records, { onDone: () => --left === 0 && resolve(), onLost: reject })
  })
  await client.logout()
})

afterAll(async () => {
  await master.stop()
  certificates.remove()
  bench.remove()
})

function connect(): Promise<Client> {
  return Client.connect({ address: master.address, credentials: master.credentials, clock })
}

async function doctor(
  words: readonly string[] = [],
  password = master.credentials.password,
): Promise<DoctorResult & { readonly status: number | null }> {
  const { host, port } = { host: 'localhost', port: master.address.port }
  const args = ['doctor', `mupdate://murder@${host}:${port}`, '--json', ...words]
  const { status, stdout, stderr } = await bench.bench(args, { MUPDATE_BENCH_PASSWORD: password })
  expect(stderr).toBe('')
  expect(stdout).not.toContain(password)
  return { status, ...doctorResultSchema.parse(JSON.parse(stdout)) }
}

function checkOf({ checks }: DoctorResult, group: string, name: string): DoctorCheck {
  const found = checks.find(check => check.group === group && check.name === name)
  expect(found, `${group}: ${name}`).toBeDefined()
  return found!
}

describe('doctor of a real master', () => {
  it('says what it is and offers, how quick it is, and what its process has room for', async () => {
    const result = await doctor()
    const { status, verdict, facts, commands } = result
    expect({ status, verdict }).toEqual({ status: 0, verdict: 'warning' })
    expect(facts.answer).toMatchObject({ kind: 'mupdate', banner: { product: 'Cyrus IMAP', role: '(master)' } })
    expect(checkOf(result, 'offers', 'AUTH').said).toContain('SCRAM-SHA-256')
    expect(checkOf(result, 'offers', 'COMPRESS').said).toBe('offered: DEFLATE')
    expect(facts.login).toMatchObject({ kind: 'done', mechanism: 'SCRAM-SHA-256', isEncrypted: false })
    expect(facts.noopUs).toMatchObject({ count: 200, unanswered: 0 })
    expect(facts.findUs).toMatchObject({ count: 10, unanswered: 0 })
    expect(checkOf(result, 'known', 'DELETE').mark).toBe('warning')
    // Found by itself: doctor was not told whose port it is.
    expect(facts.local).toMatchObject({
      pid: master.pid(),
      program: 'mupdate',
      maxDescriptors: 4096,
      database: { place: 'tmpfs' },
      settings: { workersMax: { value: 30 }, connectionsMax: { value: 900 }, unread: null },
    })
    expect(checkOf(result, 'limits', 'workers').said).toContain(': 29 slaves at most')
    expect(commands).toEqual([`mupdate-bench run smoke --master mupdate://murder@localhost:${master.address.port}`])
  })

  it('sees STARTTLS, whose certificate is not to be trusted as long as its authority is not', async () => {
    const [untold, told] = [await doctor(), await doctor(['--tls-ca', certificates.ca])]
    expect(untold.facts.tls).toMatchObject({
      kind: 'established',
      mode: 'starttls',
      certificate: { names: ['localhost'] },
    })
    expect(checkOf(untold, 'TLS', 'trust')).toMatchObject({
      mark: 'warning',
      remedy: expect.stringContaining('--tls-ca'),
    })
    expect(checkOf(told, 'TLS', 'trust')).toMatchObject({ mark: 'ok', said: 'verified, and for localhost' })
    expect(told.facts.login).toMatchObject({ kind: 'done', isEncrypted: true })
    expect(told.commands[0]).toMatch(/--tls starttls --tls-ca \S+$/)
  })

  it('fails where TLS is asked for and cannot be trusted', async () => {
    const result = await doctor(['--tls', 'starttls'])
    expect(result.status).toBe(3)
    expect(checkOf(result, 'TLS', 'trust').mark).toBe('failed')
    expect(checkOf(result, 'login', 'login')).toMatchObject({
      mark: 'failed',
      remedy: expect.stringContaining('--tls-ca'),
    })
  })

  it('tells a wrong password, and the pause that it costs', async () => {
    const result = await doctor([], 'not this one')
    expect(result.status).toBe(3)
    expect(result.facts.login).toMatchObject({ kind: 'refused', code: 'AUTH_FAILED' })
    expect(checkOf(result, 'login', 'login').said).toContain('failedloginpause')
    expect(result.commands).toEqual([])
  })

  it('reads the whole list when it may', async () => {
    const { status, facts } = await doctor(['--dump'])
    expect(status).toBe(0)
    expect(facts.list).toMatchObject({
      mailboxes: MAILBOXES,
      reserved: 0,
      servers: { 'be0.example.com': 20_000, 'be1.example.com': 20_000, 'be2.example.com': 20_000 },
    })
    expect(facts.list!.ms).toBeGreaterThan(50)
  })

  it('sees that somebody reads lists: a FIND waits for the lock, a NOOP does not', async () => {
    const readers = await Promise.all(Array.from({ length: READERS }, connect))
    const looking = doctor()
    // Whenever doctor is ready, lists are being read.
    const lists = readers.map(async client => {
      for (const end = Date.now() + 4_000; Date.now() < end; ) await listOf(client)
    })
    const result = await looking
    await Promise.all(lists)
    for (const client of readers) await client.logout()
    expect(checkOf(result, 'latency', 'lock'), JSON.stringify(result.facts.findUs)).toMatchObject({ mark: 'warning' })
    expect(result.facts.findUs!.max).toBeGreaterThan(5 * result.facts.noopUs!.p50)
    expect(result.status).toBe(0)
  })

  it('suggests a command that works', async () => {
    const { commands } = await doctor()
    const { status, stdout } = await bench.bench([...commands[0]!.split(' ').slice(1), '--quiet'], {
      MUPDATE_BENCH_PASSWORD: master.credentials.password,
    })
    // 5: this busy machine was the limit; it ran all the same.
    expect([0, 5], stdout).toContain(status)
    expect(stdout).toContain('smoke, seed 1')
  })
})

/** LIST holds the lock for as long as UPDATE, and can be asked again. */
function listOf(client: Client): Promise<void> {
  return new Promise((resolve, reject) => client.send({ kind: 'LIST' }, { onDone: () => resolve(), onLost: reject }))
}
