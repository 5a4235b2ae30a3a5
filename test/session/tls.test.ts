import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Credentials, MasterAddress, TlsSettings } from '../../src/core/address.js'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { Client, type ConnectOptions } from '../../src/session/client.js'
import { traffic } from '../../src/session/transport.js'
import { Certificates } from '../support/certificates.js'
import { lineServer } from '../support/line-server.js'
import { type Answer, type SecureOptions, type SecureServer, secureServer } from '../support/secure-server.js'

const clock = monotonicClock(monotonicOriginS())
const OK = '* OK MUPDATE "mail.example.com" "Cyrus IMAP" "3.6.1" "(master)"\r\n'
const BANNER = `* AUTH "LOGIN"\r\n* STARTTLS\r\n${OK}`
const SECURE_BANNER = `* AUTH "PLAIN"\r\n${OK}`
/** Not loopback by its name, and yet this host. */
const ELSEWHERE = '0.0.0.0'
const welcome: Answer = tag => `${tag} OK "done"\r\n`

let certificates: Certificates
let own: { cert: string; key: string; pem: { cert: Buffer; key: Buffer } }
let server: SecureServer | undefined
let clients: Client[] = []

beforeAll(() => {
  certificates = new Certificates()
  const files = certificates.issue('master', 'DNS:master.example.com', 'IP:127.0.0.1', `IP:${ELSEWHERE}`)
  own = { ...files, pem: certificates.read(files) }
})

afterEach(async () => {
  for (const client of clients) client.destroy()
  clients = []
  await server?.close()
  server = undefined
})

afterAll(() => certificates.remove())

async function serve(
  options: Partial<SecureOptions> = {},
  tls: Partial<SecureOptions['tls']> = {},
): Promise<SecureServer> {
  server = await secureServer({
    banner: BANNER,
    answer: welcome,
    tls: { ...own.pem, banner: SECURE_BANNER, ...tls },
    ...options,
  })
  return server
}

async function open(
  tls: Partial<TlsSettings> | undefined,
  more: Partial<ConnectOptions> & { readonly host?: string; readonly login?: Partial<Credentials> } = {},
): Promise<Client> {
  const { host = '127.0.0.1', login, ...options } = more
  const settings = tls && { tls: { mode: 'starttls' as const, caFile: certificates.ca, ...tls } }
  const address: MasterAddress = { host, port: server!.address.port, ...settings }
  const credentials = { user: 'murder', password: 'pa ss', ...login }
  const client = await Client.connect({ address, credentials, clock, timeoutMs: 3000, ...options })
  clients.push(client)
  return client
}

describe('STARTTLS', () => {
  it('comes before the login, and what is offered is read again after it', async () => {
    const { heard } = await serve()
    const client = await open({})
    expect([...client.banner.capabilities.keys()]).toEqual(['AUTH'])
    expect(client.security).toMatchObject({ tls: expect.stringMatching(/^TLSv1\.3, TLS_/), mechanism: 'PLAIN' })
    expect(await client.request({ kind: 'NOOP' })).toMatchObject({ status: 'OK' })
    expect(heard.plain).toEqual(['STARTTLS'])
    expect(heard.tls).toEqual([expect.stringMatching(/^AUTHENTICATE "PLAIN"/), 'NOOP'])
  })

  it('is counted plain and as it is on the wire, handshake and all', async () => {
    await serve()
    const before = { ...traffic }
    const client = await open({})
    await client.request({ kind: 'NOOP' })
    const gained = (name: keyof typeof traffic) => traffic[name] - before[name]
    expect(gained('plainReadBytes')).toBe(
      BANNER.length +
        'S01 OK Begin TLS negotiation now\r\n'.length +
        SECURE_BANNER.length +
        'A01 OK "done"\r\nX0 OK "done"\r\n'.length,
    )
    // As the other side counts them.
    expect(gained('readBytes')).toBe(server!.wire().bytesWritten)
    expect(gained('writtenBytes')).toBe(server!.wire().bytesRead)
    expect(gained('readBytes')).toBeGreaterThan(gained('plainReadBytes') + 500)
    expect(gained('writtenBytes')).toBeGreaterThan(gained('plainWrittenBytes') + 200)
  })

  it.each([
    { name: 'a whole banner', more: `* AUTH "PLAIN"\r\n${OK}` },
    { name: 'part of a line', more: '* AU' },
    { name: 'an answer to what was not asked', more: 'A01 OK "done"\r\n' },
  ])('with $name behind its OK is an error, and nobody logs in', async ({ more }) => {
    const { heard } = await serve({ startTlsReply: `OK Begin TLS negotiation now\r\n${more}` })
    await expect(open({})).rejects.toMatchObject({
      code: 'WIRE_UNEXPECTED',
      message: expect.stringContaining(`sent ${more.length} bytes more with its OK to STARTTLS`),
    })
    expect(heard).toMatchObject({ plain: ['STARTTLS'], tls: [] })
  })

  it.each([
    { name: 'not offered', options: { banner: `* AUTH "PLAIN"\r\n${OK}` }, said: [], message: /does not offer it/ },
    {
      name: 'refused',
      options: { startTlsReply: 'NO Error initializing TLS\r\n' },
      said: ['STARTTLS'],
      message: /Error initializing TLS/,
    },
    {
      name: 'unknown',
      options: { startTlsReply: 'BAD "Unrecognized command"\r\n' },
      said: ['STARTTLS'],
      message: /Unrec/,
    },
  ])('$name is an error where it was asked for: no fallback', async ({ options, said, message }) => {
    const { heard } = await serve(options)
    await expect(open({})).rejects.toMatchObject({ code: 'TLS_UNAVAILABLE', message: expect.stringMatching(message) })
    expect(heard).toMatchObject({ plain: said, tls: [] })
  })

  it('is left out on this host, unless it is asked for, and anywhere when it is off', async () => {
    const { heard } = await serve({ banner: BANNER.replace('LOGIN', 'SCRAM-SHA-1" "PLAIN') })
    await expect(open(undefined, { login: { mechanism: 'PLAIN' } })).resolves.toMatchObject({ security: { tls: null } })
    const login = { mechanism: 'PLAIN', allowPlaintext: true } as const
    await expect(open({ mode: 'off' }, { host: ELSEWHERE, login })).resolves.toMatchObject({ security: { tls: null } })
    expect(heard.plain).toHaveLength(2)
  })

  it.each([
    { name: 'where only PLAIN is offered', offered: '"PLAIN" "LOGIN"', login: {} },
    { name: 'where nothing is offered that is spoken here', offered: '"GSSAPI"', login: {} },
    { name: 'where PLAIN is asked for', offered: '"SCRAM-SHA-1" "PLAIN"', login: { mechanism: 'PLAIN' } },
  ])('is taken on another host $name, and when it fails nobody logs in', async ({ offered, login }) => {
    const { heard } = await serve({ banner: BANNER.replace('"LOGIN"', offered) })
    await expect(open(undefined, { host: ELSEWHERE, login })).rejects.toMatchObject({ code: 'TLS_FAILED' })
    expect(heard).toMatchObject({ plain: ['STARTTLS'], tls: [] })
  })

  it('is left out where the password is hidden anyway, as Cyrus’s clients do', async () => {
    const { heard } = await serve({ banner: BANNER.replace('"LOGIN"', '"PLAIN" "SCRAM-SHA-1"') })
    // The server says OK to anything, so it proves nothing.
    await expect(open(undefined, { host: ELSEWHERE })).rejects.toMatchObject({ code: 'AUTH_FAILED' })
    expect(heard.plain).toEqual([expect.stringMatching(/^AUTHENTICATE "SCRAM-SHA-1"/)])
  })

  it('with a master that says nothing more is given up', async () => {
    const silent = await lineServer(BANNER, tag => `${tag} OK soon\r\n`)
    const address = { ...silent.address, tls: { mode: 'starttls' as const } }
    const attempt = Client.connect({ address, credentials: { user: 'murder', password: 'x' }, clock, timeoutMs: 300 })
    await expect(attempt).rejects.toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('handshake') })
    await silent.close()
  })
})

describe('a certificate', () => {
  it.each([
    { name: 'of nobody that is known', tls: { caFile: undefined }, message: /who has signed/ },
    { name: 'for another name', tls: { serverName: 'other.example.com' }, message: /not for other.example.com/ },
    { name: 'over too old a TLS', tls: { minVersion: 'TLSv1.3' as const }, message: /no TLS with 127/ },
  ])('$name is refused', async ({ tls, message }) => {
    const { heard } = await serve({}, { maxVersion: 'TLSv1.2' })
    const wishes = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined))
    const address = {
      ...server!.address,
      tls: { mode: 'starttls' as const, ...('caFile' in tls ? {} : { caFile: certificates.ca }), ...wishes },
    }
    const attempt = Client.connect({ address, credentials: { user: 'murder', password: 'x' }, clock })
    await expect(attempt).rejects.toMatchObject({ code: 'TLS_FAILED', message: expect.stringMatching(message) })
    expect(heard.tls).toEqual([])
  })

  it.each([
    { name: 'for a name that is given', tls: { serverName: 'master.example.com' }, verified: true },
    {
      name: 'that nobody is to look at',
      tls: { serverName: 'other.example.com', verify: false as const },
      verified: false,
    },
    { name: 'over a TLS that is new enough', tls: { minVersion: 'TLSv1.2' as const }, verified: true },
  ])('$name will do', async ({ tls, verified }) => {
    await serve({}, { maxVersion: 'TLSv1.2' })
    const client = await open(tls)
    expect(client.security).toMatchObject({ tls: expect.stringMatching(/^TLSv1\.2, /), verified })
  })

  it('of ours is shown to who asks, and without one there is no TLS', async () => {
    const files = certificates.issue('murder')
    const both = join(certificates.folder, 'both.pem')
    const { cert, key } = certificates.read(files)
    writeFileSync(both, Buffer.concat([cert, key]))
    const banner = `* AUTH "PLAIN" "EXTERNAL"\r\n${OK}`
    await serve(
      {},
      {
        askCertificate: true,
        ca: certificates.read({ cert: certificates.ca, key: certificates.ca }).cert,
        banner,
        maxVersion: 'TLSv1.2',
      },
    )
    await expect(open({})).rejects.toMatchObject({ code: 'TLS_FAILED' })
    for (const tls of [{ certFile: files.cert, keyFile: files.key }, { certFile: both }])
      expect((await open(tls)).security.mechanism).toBe('EXTERNAL')
    expect((await open({ certFile: both }, { login: { mechanism: 'PLAIN' } })).security.mechanism).toBe('PLAIN')
    expect(server!.heard.tls[0]).toBe('AUTHENTICATE "EXTERNAL" {1+}\r\n=')
  })

  it.each([
    { name: 'no file', caFile: '/nowhere/ca.pem', message: /nowhere/ },
    { name: 'no certificate', caFile: import.meta.filename ?? '', message: /no TLS with/ },
  ])('in $name is no use', async ({ caFile, message }) => {
    await serve()
    expect(existsSync(own.cert)).toBe(true)
    const attempt = open({ certFile: caFile })
    await expect(attempt).rejects.toMatchObject({ code: 'USAGE', message: expect.stringMatching(message) })
  })
})

describe('TLS from the first byte on', () => {
  it('is spoken to a port that expects it', async () => {
    const { heard } = await serve({}, { implicit: true })
    const client = await open({ mode: 'implicit' })
    expect(client.security.tls).toMatch(/^TLSv1\.3/)
    expect(heard).toMatchObject({ plain: [], tls: [expect.stringMatching(/^AUTH/)] })
  })

  it('is refused to one that speaks in the clear', async () => {
    await serve()
    await expect(open({ mode: 'implicit' })).rejects.toMatchObject({
      code: 'TLS_FAILED',
      message: expect.stringContaining('speaks no TLS'),
    })
  })

  it('is thought of where a port closes when it is asked what it is', async () => {
    await serve({}, { implicit: true })
    await expect(open(undefined, { firstContact: true, timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'MASTER_LOST',
      hint: expect.stringContaining('mupdates://'),
    })
  })

  it('is told of a port that answers with an alert', async () => {
    const alert = Buffer.from([21, 3, 1, 0, 2, 2, 10]).toString('latin1')
    const port = await lineServer('', () => alert)
    const credentials = { user: 'murder', password: 'x' }
    const attempt = Client.connect({ address: port.address, credentials, clock, firstContact: true, timeoutMs: 1000 })
    await expect(attempt).rejects.toMatchObject({
      code: 'MASTER_NOT_MUPDATE',
      message: expect.stringContaining('expects TLS from the first byte on'),
    })
    await port.close()
  })
})
