import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mayBeSame } from '../../src/cli/own-addresses.js'
import { parseListen, parseTo } from '../../src/cli/record-addresses.js'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import type { ReplayResult } from '../../src/metrics/replay-result.js'
import { Client } from '../../src/session/client.js'
import { type TraceLine, traceHeaderSchema, traceLineSchema } from '../../src/traces/trace-line.js'
import { type Started, until, Workbench } from './bench.js'
import { SomebodysMaster } from './somebodys-master.js'

const clock = monotonicClock(monotonicOriginS())
const master = new SomebodysMaster()
let workbench: Workbench

beforeEach(() => {
  workbench = new Workbench()
})

afterEach(() => workbench.remove())

/** A recorder before {@link master}. */
async function recording(...args: string[]): Promise<Started & { port: number; heard: () => string }> {
  const { port } = master.address
  const run = workbench.start(['record', '-l', '0', '-t', `mupdate://127.0.0.1:${port}`, '-o', 'day.ndjson', ...args])
  let heard = ''
  run.child.stdout!.on('data', text => (heard += text))
  await until('that it listens', () => heard.includes('\n'))
  return { ...run, port: Number(/:(\d+), recording/.exec(heard)![1]), heard: () => heard }
}

const trace = () => join(workbench.directory, 'day.ndjson')

/** A line that is being written is left out. */
function lines(): TraceLine[] {
  const [header, ...others] = readFileSync(trace(), 'utf8').split('\n').slice(0, -1)
  traceHeaderSchema.parse(JSON.parse(header!))
  return others.map(line => traceLineSchema.parse(JSON.parse(line)))
}

/** What each client said. */
function said(all: readonly TraceLine[]): string[] {
  return all.flatMap(line =>
    'verb' in line && line.from === 'client' ? [[line.connection, line.verb, ...(line.arguments ?? [])].join(' ')] : [],
  )
}

/** The commands of each connection. */
function connections(said: readonly string[]): string[][] {
  const all: string[][] = []
  for (const text of said) {
    const [number, ...rest] = text.split(' ')
    all[Number(number)] ??= []
    all[Number(number)]!.push(rest.join(' '))
  }
  return all.filter(commands => commands !== undefined)
}

async function makeTraffic(port: number): Promise<void> {
  const address = { host: '127.0.0.1', port }
  const slave = await Client.connect({ address, credentials: master.credentials, clock })
  await new Promise<void>((resolve, reject) =>
    slave.update(undefined, { onDone: () => resolve(), onLost: reject }, { onRecord: () => {} }),
  )
  const backend = await Client.connect({ address, credentials: master.credentials, clock })
  const [name, location] = ['user.b\xc3\xa2t', 'be1!p']
  await backend.request({ kind: 'RESERVE', name, location })
  await backend.request({ kind: 'ACTIVATE', name, location, acl: 'bob\tlrs\t' })
  await backend.request({ kind: 'DELETE', name })
  await backend.logout()
  await slave.request({ kind: 'NOOP' })
  await slave.logout()
}

const TRAFFIC = [
  '1 AUTHENTICATE PLAIN',
  '1 UPDATE',
  '2 AUTHENTICATE PLAIN',
  '2 RESERVE user.b\xc3\xa2t be1!p',
  '2 ACTIVATE user.b\xc3\xa2t be1!p bob\tlrs\t',
  '2 DELETE user.b\xc3\xa2t',
  '2 LOGOUT',
  '1 NOOP',
  '1 LOGOUT',
]

describe('mupdate-bench record', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'records until %s, says how long messages stayed, and keeps passwords out',
    async signal => {
      const recorder = await recording('--every-record')
      await makeTraffic(recorder.port)
      // Ended in the middle of a connection.
      const open = connect(recorder.port, '127.0.0.1').on('error', () => {})
      await once(open, 'data')
      recorder.child.kill(signal)
      const { status, stdout } = await recorder.ended
      expect(stdout).toMatch(/^3 connections in [\d.]+ m?s: \d+ messages and 0 records/m)
      expect(stdout).toMatch(/a message stayed here for [\d.]+ µs \(median\), [\d.]+ [µm]s \(p99\)/)
      expect(status).toBe(0)
      expect(said(lines())).toEqual(TRAFFIC)
      expect(lines().at(-1)).toMatchObject({ event: 'closed', by: 'recorder' })
      expect(statSync(trace()).mode & 0o777).toBe(0o600)
      const { user, password } = master.credentials
      const bytes = readFileSync(trace())
      const response = Buffer.from(`\0${user}\0${password}`).toString('base64')
      for (const secret of [password, response, Buffer.from(password).toString('base64').slice(0, -3)])
        expect(bytes.includes(secret)).toBe(false)
      open.destroy()
    },
  )

  it('killed by SIGKILL it leaves what was said up to a second before', async () => {
    const recorder = await recording()
    await makeTraffic(recorder.port)
    await until('the last line', () => said(lines()).length === TRAFFIC.length)
    recorder.child.kill('SIGKILL')
    await recorder.ended
    expect(said(lines())).toEqual(TRAFFIC)
  })

  it('is replayed: the same commands in the same order on each connection, also packed', async () => {
    const first = await recording()
    await makeTraffic(first.port)
    first.child.kill('SIGTERM')
    await first.ended
    const recorded = connections(said(lines()))
    workbench.file('first.ndjson.gz', gzipSync(readFileSync(trace())))
    rmSync(trace())
    const second = await recording()
    const url = master.url.replace(/:\d+$/, `:${second.port}`)
    const { stdout, stderr } = await workbench.bench(['replay', 'first.ndjson.gz', '-m', url, '--json'], master.env)
    expect(stderr).not.toMatch(/error/)
    const result = JSON.parse(stdout) as ReplayResult
    expect(result).toMatchObject({
      original: { connections: 2, commands: 7, leftOut: { AUTHENTICATE: 2 } },
      skipped: {},
      otherAnswers: {},
    })
    second.child.kill('SIGTERM')
    await second.ended
    // Those that look whether one of the mailboxes is there, and remove them, are on connections of their own.
    expect(connections(said(lines()))).toEqual(expect.arrayContaining(recorded))
  })

  it.each([
    {
      what: 'a trace that is there',
      args: ['-l', '0', '-t', 'mupdate://h', '-o', 'small.yaml'],
      says: /small\.yaml is there already/,
    },
    {
      what: 'a packed one',
      args: ['-l', '0', '-t', 'mupdate://h', '-o', 't.gz'],
      says: /not packed while it is written/,
    },
    { what: 'itself', args: ['-l', '9999', '-t', 'mupdate://localhost:9999'], says: /that is the master/ },
    {
      what: 'an address that it cannot have',
      args: ['-l', '192.0.2.1:9', '--allow-remote', '-t', 'mupdate://h', '-o', 't.ndjson'],
      says: /cannot listen on 192\.0\.2\.1:9/,
    },
  ])('refuses $what (2)', async ({ args, says }) => {
    const { status, stdout, stderr } = await workbench.bench(['record', ...args])
    expect(stderr).toMatch(says)
    expect(stderr).not.toMatch(/^ +at /m)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(existsSync(join(workbench.directory, 't.ndjson'))).toBe(false)
  })
})

describe('run --trace', () => {
  it('writes down what the connections of all threads say, and no password; what is there is not written over (2)', async () => {
    const args = ['--master', master.url, '--trace', 'day.ndjson']
    const { status, stderr } = await workbench.startRun(args, master.env).ended
    expect(stderr).not.toMatch(/error/)
    // On a busy machine it may have been the limit itself.
    expect([0, 5]).toContain(status)
    const all = lines()
    const verbs = all.flatMap(line => ('verb' in line && line.from === 'client' ? [line.verb] : []))
    const { total } = workbench.result()
    // The run's end, and what is cleaned up, is on connections of other threads.
    for (const kind of ['RESERVE', 'UPDATE', 'DELETE'] as const)
      expect(verbs.filter(verb => verb === kind).length).toBeGreaterThanOrEqual(total.commands[kind]!.count)
    expect(verbs.filter(verb => verb === 'NOOP').length).toBeGreaterThan(20)
    const threads = new Set(all.map(line => Math.floor(line.connection / 100_000_000)))
    expect(threads.size).toBe(3)
    const open = all.filter(line => 'event' in line && line.event === 'opened').length
    expect(all.filter(line => 'event' in line && line.event === 'closed')).toHaveLength(open)
    expect(all.filter(line => 'undecoded' in line)).toEqual([])
    const { user, password } = master.credentials
    const bytes = readFileSync(trace())
    for (const secret of [password, Buffer.from(`\0${user}\0${password}`).toString('base64').slice(0, -4)])
      expect(bytes.includes(secret)).toBe(false)

    const again = await workbench.startRun(args, master.env).ended
    expect(again.stderr).toMatch(/day\.ndjson is there already/)
    expect(again.status).toBe(2)
    expect(readFileSync(trace())).toEqual(bytes)
  })
})

describe('addresses of record', () => {
  const [network = '127.0.0.1'] = Object.values(networkInterfaces())
    .flatMap(links => links ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address)

  it.each([
    ['127.0.0.1', 'localhost', true],
    ['0.0.0.0', '127.0.0.1', true],
    ['0.0.0.0', network, true],
    ['::', 'localhost.', true],
    [network, '0.0.0.0', true],
    [network, network, true],
    // Each has its own.
    ['192.0.2.7', '127.0.0.1', false],
    ['127.0.0.2', '127.0.0.1', false],
    ['0.0.0.0', '192.0.2.7', false],
  ])('who listens at %s and connects to %s may be one: %s', async (listen, to, isOne) => {
    expect(await mayBeSame({ host: listen, port: 3905 }, { host: to, port: 3905 })).toBe(isOne)
    expect(await mayBeSame({ host: listen, port: 13905 }, { host: to, port: 3905 })).toBe(false)
  })

  it.each([
    ['13905', '127.0.0.1', 13905],
    ['localhost:0', 'localhost', 0],
    ['[::1]:3905', '::1', 3905],
  ])('--listen %s', (text, host, port) => expect(parseListen(text, false)).toEqual({ host, port }))

  it.each([
    ['mupdate://m.example.com', 'm.example.com', 3905],
    ['mupdate://murder@[::1]:13905', '::1', 13905],
  ])('--to %s', (text, host, port) => expect(parseTo(text)).toEqual({ host, port }))

  it.each(['here', 'host:', ':1', '1:2:3', '65536', 'a b:1'])('--listen %s is refused', text =>
    expect(() => parseListen(text, true)).toThrowError(/not an address/),
  )

  it.each(['0.0.0.0:3905', '[::]:3905', 'mail:1'])('--listen %s needs a word', text => {
    expect(() => parseListen(text, false)).toThrowError(/other hosts can reach/)
    expect(parseListen(text, true).port).toBeGreaterThan(0)
  })

  it.each(['http://h', 'h:3905', 'mupdate://', 'mupdate:h'])('--to %s is refused', text =>
    expect(() => parseTo(text)).toThrowError(/not an address/),
  )

  it('--to takes no password, and does not say it', () => {
    const parse = () => parseTo('mupdate://murder:geheim@h')
    expect(parse).toThrowError(/can be read by everybody/)
    expect(parse).not.toThrowError(/geheim/)
  })
})
