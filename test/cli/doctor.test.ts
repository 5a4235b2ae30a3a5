import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseMaster } from '../../src/cli/choose-master.js'
import { type DoctorFlags, lookAt } from '../../src/cli/doctor.js'
import { embeddedMaster } from '../../src/masters/embedded/embedded-master.js'
import { type DoctorCheck, type DoctorResult, doctorResultSchema } from '../../src/metrics/doctor-result.js'
import { Certificates } from '../support/certificates.js'
import { flood } from '../support/flood.js'
import { BANNER, lineServer, loggedIn } from '../support/line-server.js'
import { Workbench } from './bench.js'

const bench = new Workbench()
const certificates = new Certificates()
const { cert, key } = certificates.issue('localhost', 'DNS:localhost')
const pem = { cert: readFileSync(cert), key: readFileSync(key) }
const servers: Server[] = []
const closing: (() => Promise<void>)[] = []

afterAll(async () => {
  await Promise.all(closing.map(close => close()))
  for (const server of servers) server.close()
  certificates.remove()
  bench.remove()
})

async function portOf(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function portSaying(banner: string): Promise<number> {
  const server = await lineServer(banner)
  closing.push(() => server.close())
  return server.address.port
}

interface Looked {
  readonly status: number | null
  readonly stderr: string
  readonly stdout: string
}

function look(port: number, words: readonly string[] = [], password?: string): Promise<Looked> {
  const env = password === undefined ? {} : { MUPDATE_BENCH_PASSWORD: password }
  return bench.bench(['doctor', `mupdate://murder@localhost:${port}`, ...words], env)
}

/** As the command does it, in this process: many of them are quick. */
function doctor(port: number, flags: Partial<DoctorFlags> = {}, scheme = 'mupdate'): Promise<DoctorResult> {
  const all = { allowLoad: [], ...flags }
  return lookAt(parseMaster(`${scheme}://murder@localhost:${port}`, all), all)
}

function checkOf({ checks }: DoctorResult, group: string, name: string): DoctorCheck {
  const found = checks.find(check => check.group === group && check.name === name)
  expect(found, `${group}: ${name}`).toBeDefined()
  return found!
}

/** They wait for silent ports at the same time. */
describe.concurrent('doctor of what is no master', () => {
  it('says that nobody listens', async () => {
    const { status, stdout, stderr } = await look(1)
    expect({ status, stderr }).toEqual({ status: 3, stderr: '' })
    expect(stdout).toMatch(/^localhost:1: 1 failed$/m)
    expect(stdout).toMatch(/^ {2}✗ port +nobody listens on localhost:1$/m)
    expect(stdout).toMatch(/→ start the master/)
  })

  it('says that a name has no address', async () => {
    const result = await lookAt(parseMaster('mupdate://murder@no-such-host.invalid'), { allowLoad: [] })
    expect(checkOf(result, 'port', 'address')).toMatchObject({ mark: 'failed' })
  })

  it('tells an HTTP server, one behind TLS, and a master behind TLS', async () => {
    const http = await portOf(createHttpServer())
    const tlsHttp = createTlsServer(pem, socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const tlsMaster = createTlsServer(pem, socket => void socket.on('error', () => {}).write(BANNER))
    for (const server of [tlsHttp, tlsMaster]) server.on('tlsClientError', () => {})
    const ports = [http, await portOf(tlsHttp), await portOf(tlsMaster)]
    const [plain, https, mupdates] = await Promise.all(ports.map(port => doctor(port)))
    expect(plain!.facts.answer).toMatchObject({ kind: 'other', what: 'an HTTP server' })
    expect(https!.facts.answer).toEqual({ kind: 'tls', inside: 'an HTTP server' })
    expect(mupdates!.facts.answer).toEqual({ kind: 'tls', inside: 'a MUPDATE master' })
    expect(checkOf(mupdates!, 'port', 'answers').remedy).toContain('mupdates://')
    expect(mupdates!.facts.tls).toMatchObject({ kind: 'established', certificate: { names: ['localhost'] } })
    expect([plain, https, mupdates].map(result => result!.verdict)).toEqual(Array(3).fill('failed'))

    // What it said to do, done; by a name that is no part of the address; and believing whoever answers.
    const given = { allowLoad: [], tlsCa: certificates.ca, passwordFile: bench.profile }
    const named = { ...given, tlsName: 'localhost' }
    const [asked, byAddress, believed] = await Promise.all([
      doctor(ports[2]!, given, 'mupdates'),
      lookAt(parseMaster(`mupdates://murder@127.0.0.1:${ports[2]}`, named), named),
      doctor(ports[2]!, { tlsNoVerify: true, passwordFile: bench.profile }, 'mupdates'),
    ])
    expect(asked.facts.answer).toMatchObject({ kind: 'mupdate', banner: { version: '3.6.1' } })
    for (const result of [asked, byAddress])
      expect(checkOf(result, 'TLS', 'trust')).toMatchObject({ mark: 'ok', said: 'verified, and for localhost' })
    expect(checkOf(believed, 'TLS', 'trust')).toMatchObject({
      mark: 'warning',
      said: expect.stringContaining('not verified, as you asked: '),
    })
  })

  it('does not wait for ever for who says nothing, or nothing to the point', async () => {
    const silent = await portOf(createServer(socket => void socket.on('error', () => {})))
    const talker = await portOf(
      createServer(socket => {
        const timer = setInterval(() => socket.write('* NEVER\r\n'), 50)
        socket.on('error', () => {}).on('close', () => clearInterval(timer))
      }),
    )
    const [nobody, talks] = await Promise.all([doctor(silent), doctor(talker)])
    expect(nobody.facts.answer.kind).toBe('silent')
    expect(checkOf(nobody, 'port', 'answers').remedy).toContain('mupdate_workers_max')
    expect(talks.facts.answer).toMatchObject({ kind: 'other', line: '* NEVER' })
    for (const { verdict, seconds } of [nobody, talks]) {
      expect(verdict).toBe('failed')
      expect(seconds).toBeLessThan(10)
    }
  })

  it('says that a port speaks no TLS as a run does, without OpenSSL’s words', async () => {
    const result = await doctor(await portSaying(BANNER), { passwordFile: bench.profile }, 'mupdates')
    expect(checkOf(result, 'TLS', 'handshake')).toMatchObject({
      mark: 'failed',
      said: 'no TLS from the start: what answers speaks no TLS',
      remedy: expect.stringContaining('mupdate://'),
    })
    expect(JSON.stringify(result)).not.toMatch(/error:|routines/)
  })

  it('gives up a list that has no end, and says what there was', async () => {
    const record = 'U01 MAILBOX {1+}\r\na {3+}\r\nb!p {0+}\r\n\r\n'
    const server = await lineServer(
      BANNER,
      loggedIn((tag, rest, socket) =>
        rest === 'UPDATE' ? void flood(socket, () => record.repeat(500)) : `${tag} OK "done"\r\n`,
      ),
    )
    closing.push(() => server.close())
    const flags = { dump: true, dumpLimit: '500ms', passwordFile: bench.profile } as const
    const result = await doctor(server.address.port, flags)
    expect(result.verdict).toBe('failed')
    expect(checkOf(result, 'a run', 'list')).toMatchObject({
      mark: 'failed',
      said: expect.stringMatching(/had not ended after 500 ms: [\d,]+ mailboxes, .* on 1 server until then/),
    })
  })

  it('tells a slave, a master that refuses, and one that hangs up', async () => {
    const slave = await portSaying(BANNER.replace('(master)', 'mupdate://mup.example.com'))
    const full = await portSaying('* BYE "Server Unable"\r\n')
    const hangsUp = await portOf(createServer(socket => socket.destroy()))
    const [first, second, third] = await Promise.all([slave, full, hangsUp].map(port => doctor(port)))
    expect(checkOf(first!, 'port', 'answers').remedy).toContain('mupdate://USER@mup.example.com')
    expect(second!.facts.answer).toEqual({ kind: 'bye', text: 'Server Unable' })
    expect(third!.facts.answer.kind).toBe('hungUp')
    for (const result of [first, second, third]) expect(result!.verdict).toBe('failed')
  })

  it('uses no STARTTLS of a Cyrus that it was not told to use, though runs would', async () => {
    const said: string[] = []
    const server = await lineServer(BANNER, (_, rest) => void said.push(rest))
    closing.push(() => server.close())
    // Another spelling of it, which is not known to be this host.
    const master = parseMaster(`mupdate://murder@127.1:${server.address.port}`)
    const flags = { allowLoad: [], passwordFile: bench.profile }
    const result = await lookAt(master, flags)
    expect(checkOf(result, 'offers', 'STARTTLS').mark).toBe('warning')
    expect(checkOf(result, 'login', 'login')).toMatchObject({
      mark: 'notMeasured',
      remedy: expect.stringContaining('--tls starttls'),
    })
    expect(new Set(said)).toEqual(new Set(['LOGOUT']))
  })

  it('keeps what a stranger says from steering the terminal', async () => {
    const port = await portSaying(
      BANNER.replace('"mail.example.com"', '"mail\x1b]0;x\x07\x9b2J"').replace('(master)', 'mupdate://\x1b[2J'),
    )
    const { stdout } = await look(port)
    expect(stdout).toContain('mail')
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
  })
})

describe('doctor of an embedded master', () => {
  const password = 'correct horse'
  const master = embeddedMaster({ user: 'murder', password })

  beforeAll(() => master.start())
  afterAll(() => master.stop())

  it('says that all is well, and what a run would need', async () => {
    const { status, stdout, stderr } = await look(master.address.port, [], password)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/✓ answers +a MUPDATE master: mupdate-bench/)
    expect(stdout).toMatch(/✓ login +as murder by /)
    expect(stdout).toMatch(/✓ NOOP +p50 .*\(of \d+\)/)
    expect(stdout).toContain(`mupdate-bench run smoke --master mupdate://murder@localhost:${master.address.port}`)
    expect(stdout).not.toContain(password)
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120)
  })

  it('finds its process by the port, and reads its list where that is said', async () => {
    const { facts } = await doctor(master.address.port, { passwordFile: bench.file('right', password), dump: true })
    expect(facts.local).toMatchObject({ pid: master.pid(), isAssumed: false })
    expect(facts.noopUs!.count).toBeGreaterThan(20)
    expect(facts.findUs!.unanswered).toBe(0)
    expect(facts.list).toMatchObject({ mailboxes: 0, servers: {} })
  })

  it('looks at what needs no password where there is none; --json has it', async () => {
    const { status, stdout } = await look(master.address.port, ['--json'])
    expect(status).toBe(0)
    const result = doctorResultSchema.parse(JSON.parse(stdout))
    expect(checkOf(result, 'login', 'login')).toMatchObject({
      mark: 'notMeasured',
      remedy: expect.stringContaining('MUPDATE_BENCH_PASSWORD'),
    })
    expect(result.facts.bannerUs!.count).toBe(5)
  })

  it('tells a wrong password', async () => {
    const result = await doctor(master.address.port, { passwordFile: bench.file('wrong', 'not this one') })
    expect(result.verdict).toBe('failed')
    expect(result.facts.login).toMatchObject({ kind: 'refused', code: 'AUTH_FAILED' })
    expect(JSON.stringify(result)).not.toContain('not this one')
  })

  it.each([
    [{ dump: true }, 'mupdate://murder@192.0.2.1'],
    [{ tls: 'starttls' }, 'mupdate://murder@192.0.2.1'],
  ] as const)('does not %j to a master of somebody’s without the word for it', async (flags, url) => {
    const all: DoctorFlags = { allowLoad: [], ...flags }
    const hint = 'if that is meant, add --allow-load 192.0.2.1'
    await expect(lookAt(parseMaster(url, all), all)).rejects.toMatchObject({ code: 'USAGE', hint })
  })

  it('exits 2 for what is no master', async () => {
    const { status, stdout, stderr } = await bench.bench(['doctor', 'elsewhere'])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain('no such master')
  })
})
