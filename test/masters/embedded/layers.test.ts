import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Credentials, MasterAddress } from '../../../src/core/address.js'
import { monotonicClock, monotonicOriginS } from '../../../src/core/clock.js'
import { LayeredPeer } from '../../../src/masters/embedded/layered-peer.js'
import { type RunningServer, type ServerOptions, startServer } from '../../../src/masters/embedded/server.js'
import { serverTls } from '../../../src/masters/embedded/server-tls.js'
import { turnAway } from '../../../src/masters/embedded/service.js'
import { SETTING_DEFAULTS } from '../../../src/masters/embedded/settings.js'
import { spanOf } from '../../../src/masters/embedded/span.js'
import { MECHANISMS } from '../../../src/sasl/mechanism.js'
import { Client } from '../../../src/session/client.js'
import { Certificates } from '../../support/certificates.js'
import { quickCalibration } from './quick-calibration.js'
import { LOGIN } from './world.js'

const clock = monotonicClock(monotonicOriginS())
let certificates: Certificates
let ofServer: { certificate: string; key: string; clientAuthority: string }
let reports: string[]
const ended: (() => void)[] = []

beforeAll(() => {
  certificates = new Certificates()
  const { cert, key } = certificates.issue('master.test', 'DNS:master.test', 'IP:127.0.0.1')
  ofServer = { certificate: text(cert), key: text(key), clientAuthority: text(certificates.ca) }
})
afterAll(() => certificates.remove())
afterEach(() => {
  for (const end of ended.splice(0)) end()
})

function text(path: string): string {
  return readFileSync(path, 'utf8')
}

/** A master in this process, with so many mailboxes. */
async function started(options: Partial<ServerOptions> = {}, mailboxes = 0): Promise<RunningServer> {
  reports = []
  const server = await startServer(
    {
      ...SETTING_DEFAULTS,
      host: '127.0.0.1',
      port: 0,
      password: 'secret',
      version: '9.9',
      failedLoginPauseMs: 0,
      compress: true,
      tls: ofServer,
      ...options,
    },
    { report: line => reports.push(line), restarted: () => {} },
  )
  ended.push(() => server.close())
  for (let i = 0; i < mailboxes; i++) {
    server.core.catalogue.put(
      spanOf(`user.u${i}.Sent`),
      spanOf(`be${i % 7}.test!default`),
      spanOf(`u${i}\tlrswipkxtecdan\t`),
    )
  }
  return server
}

interface Reached {
  readonly tls?: Partial<MasterAddress['tls'] & object>
  readonly compress?: true
  readonly credentials?: Partial<Credentials>
}

/** Our own client, by way of TLS unless told otherwise. */
async function login({ port }: RunningServer, { tls, compress, credentials }: Reached): Promise<Client> {
  const address: MasterAddress = {
    host: '127.0.0.1',
    port,
    ...(tls === undefined ? {} : { tls: { mode: 'starttls', caFile: certificates.ca, ...tls } }),
    ...(compress === undefined ? {} : { compress }),
  }
  const client = await Client.connect({
    address,
    credentials: { user: 'murder', password: 'secret', ...credentials },
    clock,
  })
  ended.push(() => client.destroy())
  return client
}

/** @returns names that a whole list has, in order */
async function listed(client: Client): Promise<string[]> {
  const names: string[] = []
  await new Promise<void>((resolve, reject) =>
    client.send(
      { kind: 'LIST' },
      { onRecord: frame => void names.push(frame.text(2)), onDone: () => resolve(), onLost: reject },
    ),
  )
  return names
}

/** What is said on a socket, as text. */
class Line {
  said = ''
  closed = false

  constructor(readonly socket: Socket) {
    socket.on('data', chunk => {
      this.said += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
    })
    ended.push(() => void socket.destroy())
  }

  async ask(what: string | Buffer, answer: RegExp): Promise<string> {
    this.said = ''
    this.socket.write(what as string, 'latin1')
    await until(() => answer.test(this.said) || this.closed)
    return this.said
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !holds(); i++) await new Promise(resolve => setTimeout(resolve, 5))
  expect(holds()).toBe(true)
}

async function line({ port }: RunningServer): Promise<Line> {
  const connected = new Line(connect(port, '127.0.0.1'))
  await until(() => connected.said.includes('* OK MUPDATE') || connected.closed)
  return connected
}

/** After the master has said that TLS may begin. */
async function secured(clear: Line): Promise<Line> {
  clear.socket.removeAllListeners('data')
  const socket = connectTls({ socket: clear.socket, ca: ofServer.clientAuthority, host: '127.0.0.1' })
  const connected = new Line(socket)
  await until(() => connected.said.includes('* OK MUPDATE') || connected.closed)
  return connected
}

const SYNC = { finishFlush: constants.Z_SYNC_FLUSH }
const WAYS = [
  { way: 'in the clear' },
  { way: 'through TLS', tls: true },
  { way: 'through DEFLATE', compress: true },
  { way: 'through both', tls: true, compress: true },
]

/** Logs in, says all of something, then closes its half. @returns all that it hears until the other half is closed */
async function lastWords(
  server: RunningServer,
  { tls = false, compress = false }: { readonly tls?: boolean; readonly compress?: boolean },
  words: string,
): Promise<string> {
  let at = await line(server)
  if (tls) {
    await at.ask('S STARTTLS\r\n', /\n/)
    at = await secured(at)
  }
  await at.ask(LOGIN, /\n/)
  if (compress) await at.ask('C COMPRESS "DEFLATE"\r\n', /\n/)
  at.said = ''
  at.socket.end(compress ? deflateRawSync(words, SYNC) : Buffer.from(words, 'latin1'))
  await until(() => at.closed)
  return compress ? inflateRawSync(Buffer.from(at.said, 'latin1'), SYNC).toString('latin1') : at.said
}

/** Options of one that takes a single client at a time, and whether there is room for one. */
function forOne(model: ServerOptions['model']): Partial<ServerOptions> {
  if (model === undefined) return { connectionsMax: 1 }
  return { model: { ...model, settings: { ...model.settings, mupdate_connections_max: '1' } } }
}

async function untilThereIsRoom(server: RunningServer): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const next = await line(server)
    next.socket.destroy()
    if (next.said.includes('* OK MUPDATE')) return
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  throw new Error('who was there is still there')
}

const MASTERS = [
  { master: 'the plain master', model: undefined },
  { master: 'a modelled Cyrus', model: { calibration: quickCalibration(), settings: { failedloginpause: '0' } } },
] as const

describe.each(MASTERS)('$master', ({ model }) => {
  const options = model === undefined ? {} : { model }

  it('offers STARTTLS, and after it what is then to be had', async () => {
    const clear = await line(await started(options))
    expect(clear.said).toMatch(
      /^\* AUTH "PLAIN"\r\n\* STARTTLS\r\n\* COMPRESS "DEFLATE"\r\n\* PARTIAL-UPDATE\r\n\* OK /,
    )
    expect(await clear.ask('S1 starttls\r\n', /\n/)).toBe('S1 OK Begin TLS negotiation now\r\n')
    const tls = await secured(clear)
    expect(tls.said).toMatch(/^\* AUTH "PLAIN"\r\n\* COMPRESS "DEFLATE"\r\n\* PARTIAL-UPDATE\r\n\* OK MUPDATE .*\r\n$/)
    expect(await tls.ask('S2 STARTTLS\r\n', /\n/)).toBe('S2 BAD Already did a successful Starttls\r\n')
    expect(await tls.ask(LOGIN, /\n/)).toBe('A0 OK "Authenticated"\r\n')
    expect(await tls.ask('S3 STARTTLS\r\n', /\n/)).toBe("S3 BAD Can't Starttls after authentication\r\n")
    expect(await tls.ask('Q LOGOUT\r\n', /\n/)).toBe('Q OK "bye-bye"\r\n')
    await until(() => tls.closed)
  })

  it('carries out nothing that came in clear after STARTTLS', async () => {
    const server = await started(options)
    const clear = await line(server)
    const injected = `${LOGIN}I1 ACTIVATE "user.evil" "be!p" "x\tl\t"\r\nI2 FI`
    expect(await clear.ask(`S1 STARTTLS\r\n${injected}`, /\n/)).toBe('S1 OK Begin TLS negotiation now\r\n')
    const tls = await secured(clear)
    expect(await tls.ask('N NOOP\r\n', /\n/)).toBe('N BAD "Please login first"\r\n')
    expect(server.core.catalogue.size).toBe(0)
  })

  it('closes, and says so, when no TLS follows STARTTLS', async () => {
    const clear = await line(await started(options))
    await clear.ask('S1 STARTTLS\r\n', /\n/)
    expect(await clear.ask(`${LOGIN}N NOOP\r\n`, /never/)).not.toContain('OK')
    await until(() => clear.closed && reports.length > 0)
    expect(reports).toEqual([expect.stringMatching(/^TLS negotiation failed: /)])
  })

  it('takes up COMPRESS, before login and after', async () => {
    const server = await started(options, 20_000)
    const plain = await listed(await login(server, {}))
    expect(plain).toHaveLength(20_000)
    const client = await login(server, { compress: true })
    expect(client.security).toMatchObject({ compression: 'DEFLATE' })
    expect(await listed(client)).toEqual(plain)
    for (let i = 0; i < 50; i++) expect((await client.request({ kind: 'NOOP' })).status).toBe('OK')

    const raw = await line(server)
    expect(await raw.ask('C1 COMPRESS "GZIP"\r\n', /\n/)).toBe('C1 NO Unknown COMPRESS algorithm: GZIP\r\n')
    expect(await raw.ask('C2 compress "Deflate"\r\n', /\n/)).toBe('C2 OK Deflate active\r\n')
    expect(await raw.ask('this is not compressed', /never/)).toBe('')
    await until(() => raw.closed && reports.length > 0)
  })

  it('takes what comes with COMPRESS for compressed', async () => {
    const server = await started(options)
    const raw = await line(server)
    const next = deflateRawSync('C2 LOGOUT\r\n', { finishFlush: 2 })
    raw.socket.write(Buffer.concat([Buffer.from('C1 COMPRESS "DEFLATE"\r\n'), next]))
    await until(() => raw.closed)
    expect(raw.said).toMatch(/C1 OK DEFLATE active\r\n[\s\S]+$/)
    expect(reports).toEqual([])
  })

  it('is neither compressed twice nor secured after it', async () => {
    const server = await started(options)
    const client = await login(server, { tls: {}, compress: true })
    expect(client.security).toMatchObject({ compression: 'DEFLATE' })
    const answer = (kind: string) =>
      new Promise<string>((resolve, reject) => {
        const handler = { onDone: (status: string, said: string) => resolve(`${status} ${said}`), onLost: reject }
        client.send(kind === 'COMPRESS' ? { kind, algorithm: 'DEFLATE' } : { kind: 'STARTTLS' }, handler)
      })
    expect(await answer('COMPRESS')).toBe('BAD DEFLATE active via COMPRESS')
    expect(await answer('STARTTLS')).toBe("BAD Can't Starttls after authentication")
  })

  it('sends a list through TLS and DEFLATE as it is', async () => {
    const server = await started(options, 20_000)
    const plain = await listed(await login(server, {}))
    expect(await listed(await login(server, { tls: {} }))).toEqual(plain)
    expect(await listed(await login(server, { tls: {}, compress: true }))).toEqual(plain)
  })

  it('goes on with a client that reads again, through each layer', async () => {
    const server = await started(options, 60_000)
    for (const reached of [{ tls: {} }, { compress: true }, { tls: {}, compress: true }] as const) {
      const client = await login(server, reached)
      const names = listed(client)
      client.pause()
      await new Promise(resolve => setTimeout(resolve, 100))
      client.resume()
      expect(await names).toHaveLength(60_000)
    }
  })

  it('takes all that a client sends, however much at once', async () => {
    const server = await started(options)
    const client = await login(server, { tls: {}, compress: true })
    const records = Array.from({ length: 30_000 }, (_, i) => {
      // What compresses badly, so that much of it is on the wire.
      const name = `user.${createHash('sha256').update(String(i)).digest('hex')}`
      return { name, location: 'be1.test!default', acl: 'u\tl\t', state: 'active' } as const
    })
    await new Promise<void>((resolve, reject) => {
      let left = records.length
      client.activateAll(records, { onDone: () => --left === 0 && resolve(), onLost: reject })
    })
    expect(server.core.catalogue.size).toBe(records.length)
  })

  it('can be TLS from the first byte on', async () => {
    const server = await started({ ...options, tls: { ...ofServer, implicit: true } }, 10)
    const client = await login(server, { tls: { mode: 'implicit' } })
    expect(client.banner.capabilities.has('STARTTLS')).toBe(false)
    expect(await listed(client)).toHaveLength(10)
  })

  it('believes who a certificate says a client is', async () => {
    const server = await started({ ...options, mechanisms: ['PLAIN', 'EXTERNAL'] })
    const [right, wrong] = ['murder', 'somebody'].map(name => certificates.issue(name))
    const as = ({ cert, key }: { cert: string; key: string }) => ({
      tls: { certFile: cert, keyFile: key },
      credentials: { mechanism: 'EXTERNAL', password: '' },
    })
    const client = await login(server, as(right!))
    expect(client.security).toMatchObject({ mechanism: 'EXTERNAL' })
    await expect(login(server, as(wrong!))).rejects.toMatchObject({ code: 'AUTH_FAILED' })
    const others = new Certificates()
    const forged = others.issue('murder')
    await expect(login(server, as(forged))).rejects.toMatchObject({ code: 'AUTH_UNAVAILABLE' })
    others.remove()
    await expect(login(server, { tls: {}, credentials: { mechanism: 'EXTERNAL' } })).rejects.toMatchObject({
      code: 'AUTH_UNAVAILABLE',
    })
    expect((await login(server, { tls: {} })).banner.capabilities.get('AUTH')).toEqual(['PLAIN'])
  })

  it.each(MECHANISMS.filter(mechanism => mechanism !== 'EXTERNAL'))('lets in by %s', async mechanism => {
    const server = await started({ ...options, mechanisms: MECHANISMS, hostname: '127.0.0.1' })
    const client = await login(server, { credentials: { mechanism } })
    expect(client.security).toMatchObject({ mechanism })
    expect((await client.request({ kind: 'FIND', name: 'x' })).status).toBe('OK')
    await expect(login(server, { credentials: { mechanism, password: 'wrong' } })).rejects.toMatchObject({
      code: 'AUTH_FAILED',
    })
  })

  it('takes only what it offers', async () => {
    const server = await started({ ...options, mechanisms: ['SCRAM-SHA-256'], compress: false })
    const raw = await line(server)
    expect(raw.said).toMatch(/^\* AUTH "SCRAM-SHA-256"\r\n\* STARTTLS\r\n\* PARTIAL-UPDATE/)
    expect(await raw.ask(LOGIN, /\n/)).toBe('A0 NO "undefined error!"\r\n')
    expect(await raw.ask('C COMPRESS "DEFLATE"\r\n', /\n/)).toBe('C BAD "Unrecognized command"\r\n')
  })

  it('counts a connection no more that is gone, whatever was on it', async () => {
    const server = await started(forOne(model))
    for (let i = 0; i < 3; i++) {
      const client = await login(server, { tls: {}, compress: true })
      expect((await line(server)).said).toMatch(/^\* BYE "Server Unable"\r\n\0$/)
      client.destroy()
      await until(() => client.closed)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  })

  it.each(WAYS)('does and answers all that was said before a client closed its half, $way', async reached => {
    const server = await started({ ...options, ...forOne(model) }, 20_000)
    const names = Array.from({ length: 500 }, (_, i) => `user.late${i}`)
    const changes = names.map((name, i) => `X${i} ACTIVATE "${name}" "be1!p" "x\tl\t"\r\n`)
    const said = await lastWords(server, reached, `${changes.join('')}L LIST\r\nN NOOP\r\nhalf a com`)
    expect(said.match(/^X\d+ OK "done"\r$/gm)).toHaveLength(names.length)
    expect(said.match(/^L MAILBOX /gm)).toHaveLength(20_000 + names.length)
    expect(said).toMatch(/L OK "list complete"\r\nN OK "Noop done"\r\n$/)
    expect(server.core.catalogue.size).toBe(20_000 + names.length)
    await untilThereIsRoom(server)
  })

  it.each([
    ['COMPRESS', 'C COMPRESS "DEFLATE"\r\n', /C OK DEFLATE active\r\n$/, '', deflateRawSync('Q LOGOUT\r\n', SYNC)],
    ['LOGOUT', 'Q LOGOUT\r\n', /Q OK "bye-bye"\r\n$/, 'N NOOP\r\n', ''],
  ])('hears a client that read late what came before its %s', async (_, command, answer, meanwhile, then) => {
    const server = await started({ ...options, ...forOne(model) })
    server.core.catalogue.put(spanOf('user.long'), spanOf('be!p'), spanOf(`${'a'.repeat(9000)}\tl\t`))
    const at = await line(server)
    await at.ask(LOGIN, /\n/)
    at.socket.pause()
    at.socket.write(`${'F FIND "user.long"\r\n'.repeat(1500)}${command}`)
    await new Promise(resolve => setTimeout(resolve, 100))
    at.socket.write(meanwhile)
    await new Promise(resolve => setTimeout(resolve, 50))
    at.socket.resume()
    await until(() => answer.test(at.said.slice(-100)))
    at.socket.write(then)
    await until(() => at.closed)
    await untilThereIsRoom(server)
  })

  it('does what comes compressed behind a list, before a client closed its half', async () => {
    const server = await started(options, 20_000)
    const compressed = deflateRawSync('X ACTIVATE "user.late" "be1!p" "x\tl\t"\r\n', SYNC).toString('latin1')
    await lastWords(server, {}, `L LIST\r\nC COMPRESS "DEFLATE"\r\n${compressed}`)
    expect(server.core.catalogue.size).toBe(20_001)
  })

  it.each(WAYS)('keeps nobody who closed its half, did not read and is gone, $way', async ({ tls, compress }) => {
    const server = await started({ ...options, ...forOne(model) }, 60_000)
    let at = await line(server)
    const { socket: tcp } = at
    if (tls) {
      await at.ask('S STARTTLS\r\n', /\n/)
      at = await secured(at)
    }
    await at.ask(LOGIN, /\n/)
    if (compress) await at.ask('C COMPRESS "DEFLATE"\r\n', /\n/)
    at.socket.pause()
    at.socket.end(compress ? deflateRawSync('L LIST\r\n', SYNC) : 'L LIST\r\n')
    await new Promise(resolve => setTimeout(resolve, 100))
    tcp.resetAndDestroy()
    await untilThereIsRoom(server)
  })

  it('keeps nobody who closes its half instead of a handshake', async () => {
    const server = await started({ ...options, ...forOne(model) })
    const at = await line(server)
    await at.ask('S STARTTLS\r\n', /\n/)
    at.socket.end()
    await untilThereIsRoom(server)
  })

  it('dies of a DELETE, if asked to, with all that waits, and comes back with what it held', async () => {
    const server = await started({ ...options, crashes: true }, 3)
    const [reader, killer] = [await line(server), await line(server)]
    await killer.ask(LOGIN, /A0 OK/)
    killer.said = ''
    killer.socket.write('D DELETE "nosuch"\r\nE RESERVE "user.late" "be!p"\r\n')
    await until(() => reader.closed && killer.closed)
    expect(killer.said).toBe('')
    const client = await login(server, {})
    expect(await listed(client)).toHaveLength(3)
    expect(reports).toEqual([expect.stringMatching(/^signaled to death by signal 11 .*DELETE/)])
  })

  it('is restarted under TLS and DEFLATE as without', async () => {
    const server = await started(options, 5)
    const clients = [await login(server, { tls: {}, compress: true }), await login(server, {})]
    server.restart(false)
    await until(() => clients.every(client => client.closed))
    await until(() => server.core.catalogue.size === 5)
    expect(await listed(await login(server, { tls: {} }))).toHaveLength(5)
  })
})

it('a certificate that is none cannot be served', async () => {
  await expect(started({ tls: { certificate: 'none', key: 'none' } })).rejects.toMatchObject({ code: 'MASTER_SETUP' })
})

it('an authority that is none cannot be served', async () => {
  await expect(started({ tls: { ...ofServer, clientAuthority: 'garbage' } })).rejects.toMatchObject({ code: 'USAGE' })
})

it('who does not do the handshake in time is gone, and nobody else', async () => {
  const broken: string[] = []
  const peers: LayeredPeer[] = []
  const nothing = () => {}
  const server = createServer({ allowHalfOpen: true }, socket => {
    const peer = new LayeredPeer(socket, serverTls(ofServer), 500)
    peers.push(peer)
    peer.listen({
      received: nothing,
      drained: nothing,
      secured: nothing,
      ended: nothing,
      closed: nothing,
      broken: reason => broken.push(reason),
    })
    peer.startTls()
  }).listen(0, '127.0.0.1')
  ended.push(() => server.close())
  await until(() => server.listening)
  const { port } = server.address() as AddressInfo
  const right = new Line(connectTls({ port, host: '127.0.0.1', ca: ofServer.clientAuthority }))
  await until(() => peers[0]?.secured === true)
  const silent = new Line(connect(port, '127.0.0.1'))
  await until(() => silent.closed)
  expect(broken).toEqual(['TLS negotiation failed: it did not come to an end within 0.5 s'])
  expect(right.closed).toBe(false)
})

it('who is turned away is forgotten once it closes its half, whatever it said', async () => {
  let turnedAway: Socket | undefined
  const server = createServer({ allowHalfOpen: true }, socket => {
    turnedAway = socket
    turnAway(socket, { report: () => {}, restarted: () => {} })
  }).listen(0, '127.0.0.1')
  ended.push(() => server.close())
  await until(() => server.listening)
  const client = new Line(connect((server.address() as AddressInfo).port, '127.0.0.1'))
  client.socket.end(LOGIN)
  await until(() => client.closed && turnedAway?.destroyed === true)
  expect(client.said).toContain('* BYE "Server Unable"')
})
