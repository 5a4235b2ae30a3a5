import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { cyrusMaster } from '../../src/masters/cyrus/cyrus-master.js'
import { CyrusSlave } from '../../src/masters/cyrus/cyrus-slave.js'
import type { Master } from '../../src/masters/master.js'
import type { DiagnosisResult } from '../../src/metrics/diagnosis-result.js'
import type { SlaveMove } from '../../src/metrics/interval.js'
import { Client } from '../../src/session/client.js'
import { detectThrash, type Thrash } from '../../src/slaves/thrash.js'
import { until, Workbench } from '../cli/bench.js'
import { CLOSES, CONNECTS, type Entry, RecordingProxy } from '../support/recording-proxy.js'

/** With 2 s the wait before a new connection is 2 s too: `rand() % (2 / 2)` is 0. */
const DELAY_S = 2
const SLAVES = 6
/** At least; on a quick machine more, or the lists of all but one would not outlast the last one's two silences. */
const MAILBOXES = 100_000
const MOST_MAILBOXES = 500_000
/** A slave gives a silence up after 2 to 4 s: with these it is more than 4. */
const LISTS_MS = 5_000
const BATCH = 5_000
/** As CYRUS.md has it of a small storm. */
const CREATES_PER_SECOND = 50
const ROUNDS = 3
const LIMIT_MS = 90_000
/** Between a line of a real slave and what its proxy saw: two processes, a socket, a busy machine. */
const SLACK_MS = 1_000

interface Frontend {
  readonly name: string
  readonly proxy: RecordingProxy
  readonly slave: CyrusSlave
}

const clock = monotonicClock(monotonicOriginS())
const bench = new Workbench()
const folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-diagnose-'))
const ending: (() => unknown)[] = [() => bench.remove(), () => rmSync(folder, { recursive: true })]
const lines: { readonly host: string; readonly text: string; readonly at: Date }[] = []
const frontends: Frontend[] = []
let master: Master
let backend: Client

beforeAll(async () => {
  master = cyrusMaster({ settings: { sasl_mech_list: 'PLAIN' } })
  ending.push(() => master.stop())
  master.onEvent(event => {
    if (event.kind === 'syslog') lines.push({ host: 'mupdate', text: event.line, at: new Date() })
  })
  await master.start()
  backend = await Client.connect({ address: master.address, credentials: master.credentials, clock })
  await fill(0, MAILBOXES)
  await fill(MAILBOXES, await mailboxesForStorm())
  for (let i = 1; i <= SLAVES; i++) frontends.push(await startFrontend(`fe${i}`))
  await until('all lists', () => frontends.every(({ slave }) => completions(slave) === 1), LIMIT_MS)
}, 120_000)

afterAll(async () => {
  for (const end of ending.reverse()) await end()
})

function activate(from: number, count: number): Promise<void> {
  const records = Array.from({ length: count }, (_, i) => ({
    name: `user.u${from + i}`,
    location: 'be1.example.com!default',
    acl: `u${from + i}\tlrswipkxtecdan\t`,
    state: 'active' as const,
  }))
  return new Promise((resolve, reject) => {
    let left = count
    const onDone = () => {
      if (--left === 0) resolve()
    }
    backend.activateAll(records, { onDone, onLost: reject })
  })
}

async function fill(from: number, end: number): Promise<void> {
  for (let at = from; at < end; at += BATCH) await activate(at, BATCH)
}

async function mailboxesForStorm(): Promise<number> {
  const startedAt = performance.now()
  const reader = await Client.connect({ address: master.address, credentials: master.credentials, clock })
  await new Promise<void>((onDone, onLost) =>
    reader.update(undefined, { onDone: () => onDone(), onLost }, { onRecord: () => {} }),
  )
  reader.destroy()
  const perMailboxMs = (performance.now() - startedAt) / MAILBOXES
  return Math.min(MOST_MAILBOXES, LISTS_MS / (SLAVES - 1) / perMailboxMs)
}

async function startFrontend(name: string): Promise<Frontend> {
  const proxy = await RecordingProxy.before(master.address, line => /^[A-Z]\d+ (?:OK|NO|BAD) /.test(line))
  ending.push(() => proxy.close())
  const slave = await CyrusSlave.start(proxy.address, master.credentials, {
    settings: { mupdate_retry_delay: String(DELAY_S) },
    onLine: text => lines.push({ host: name, text, at: new Date() }),
  })
  ending.push(() => slave.stop())
  return { name, proxy, slave }
}

function completions({ log }: CyrusSlave): number {
  return log.filter(line => line.includes('mailbox list synchronization complete')).length
}

function isSettled({ slave }: Frontend): boolean {
  const said = slave.log.findLast(line => /synchroniz|timed out|scarf|retrying|successful/.test(line))
  return said?.includes('synchronization complete') ?? false
}

/** What `syslogd` would have written: to the second, as RFC 3164 has it, or as rsyslog does by default. */
const STAMPS = {
  'to the second': (at: Date) =>
    at.toString().replace(/^\w+ (\w+) 0?(\d+) \d+ ([\d:]+).*$/, (_, m, d, t) => `${m} ${d.padStart(2)} ${t}`),
  'to the millisecond': (at: Date) => at.toISOString(),
}

async function diagnose(stamp: (at: Date) => string): Promise<DiagnosisResult> {
  const hosts = [...new Set(lines.map(({ host }) => host))]
  const paths = hosts.map(host => {
    const path = join(folder, `${host}.log`)
    const own = lines.filter(line => line.host === host)
    writeFileSync(path, own.map(({ at, text }) => `${stamp(at)} ${host} cyrus/${text}\n`).join(''))
    return path
  })
  const { status, stdout, stderr } = await bench.bench(['diagnose', ...paths, '--json'])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return JSON.parse(stdout)
}

function seen({ proxy: { log } }: Frontend, start: string): Entry[] {
  return log.filter(({ from, text }) => (from === 'slave' || start === 'U01 OK') && text.startsWith(start))
}

/** What the harness's own definition says of what went through the proxies. */
function seenThrash(): Thrash {
  const moves = frontends.flatMap(({ proxy }, slave) =>
    proxy.log.flatMap(({ text, atMs }, i): SlaveMove[] => {
      const move = (kind: SlaveMove['kind']) => [{ slave, kind, atNs: atMs * 1e6 }]
      if (text === 'U01 UPDATE') return move('dump')
      if (text.startsWith('U01 OK')) return move('listed')
      if (text === 'Q01 LOGOUT') return move('timed-out')
      return text === CLOSES && proxy.log[i - 1]?.text !== 'Q01 LOGOUT' ? move('dropped') : []
    }),
  )
  return detectThrash(
    moves.sort((a, b) => a.atNs - b.atNs),
    DELAY_S * 1e9,
    performance.now() * 1e6,
  )
}

describe('the syslog of real slaves', () => {
  it('that start and follow alleges nothing', async () => {
    await sleep(2.5 * DELAY_S * 1000)
    for (const stamp of Object.values(STAMPS)) {
      const found = await diagnose(stamp)
      expect(found).toMatchObject({ episodes: [], timeouts: [], unknownLines: [], otherProcesses: 0 })
      expect(found.masters).toMatchObject([{ host: 'mupdate', restarts: 0, deaths: [], refused: [], fatal: [] }])
      expect(found.frontends).toHaveLength(SLAVES)
      for (const { losses, connectFailures, retries, resyncs, atEnd, missingLines } of found.frontends) {
        expect({ losses, connectFailures, atEnd, missingLines }).toEqual({
          losses: [],
          connectFailures: [],
          atEnd: 'streaming',
          missingLines: 0,
        })
        expect(retries.count).toBe(0)
        expect(resyncs).toMatchObject([{ cause: 'start', outcome: 'complete' }])
      }
    }
  })

  it('in a storm of resyncs has the counts that their connections show', async () => {
    const creating = setInterval(() => void activate(0, 5).catch(() => {}), (5 / CREATES_PER_SECOND) * 1000)
    try {
      for (let round = 0; round < ROUNDS && timeouts() === 0; round++) {
        // A switch that restarts: all but one come back at the same moment.
        for (const { proxy } of frontends.slice(1)) proxy.drop()
        await sleep(2 * DELAY_S * 1000)
        await until('all are back, or one timed out', () => timeouts() > 0 || frontends.every(isSettled), LIMIT_MS)
      }
      expect(timeouts(), 'time-outs: a storm').toBeGreaterThan(0)
      await sleep(5_000)
    } finally {
      clearInterval(creating)
    }
    await until('all have their list', () => frontends.every(isSettled), LIMIT_MS)
    const thrash = seenThrash()
    for (const [name, stamp] of Object.entries(STAMPS)) {
      const found = await diagnose(stamp)
      for (const [i, frontend] of found.frontends.entries())
        expectSeen(frontend, frontends[i], `${frontend.name} ${name}`)
      expect(found.unknownLines, name).toEqual([])
      expect(found.retryDelayS).toMatchObject({ likely: DELAY_S, low: DELAY_S, high: DELAY_S })
      if (stamp === STAMPS['to the millisecond']) expectSameThrash(found, thrash)
    }
  })

  it('and of a master that died says so', async () => {
    const before = lines.length
    backend.send({ kind: 'DELETE', name: 'user.never' }, { onDone: () => {}, onLost: () => {} })
    await until(
      'all have a list of the next master',
      () =>
        frontends.every(({ name }) =>
          lines.slice(before).some(({ host, text }) => host === name && text.includes('synchronization complete')),
        ),
      LIMIT_MS,
    )
    const found = await diagnose(STAMPS['to the second'])
    expect(found.masters).toMatchObject([
      { restarts: 1, deaths: [{ how: expect.stringContaining('signaled to death') }] },
    ])
    for (const { losses, name } of found.frontends) expect(losses.length, name).toBeGreaterThan(0)
    expect(found.frontends.map(({ resyncs }) => resyncs.at(-1)!.cause)).toEqual(Array(SLAVES).fill('loss'))
  })
})

/** The definition is one; here are two ways to what it judges. */
function expectSameThrash({ episodes, timeouts }: DiagnosisResult, thrash: Thrash): void {
  // A log blames a list only where it was long enough; that it was on its way, it tells like a run.
  expect(timeouts.filter(({ during }) => during.length > 0)).toHaveLength(thrash.causedTimeouts)
  expect(Math.max(...timeouts.map(({ generation }) => generation))).toBeLessThanOrEqual(thrash.cycles)
  if (episodes.length > 0) expect(thrash.state).not.toBe('none')
}

function timeouts(): number {
  return lines.filter(({ text }) => text.includes('connection to master timed out')).length
}

function expectSeen(found: DiagnosisResult['frontends'][number], frontend: Frontend, what: string): void {
  const updates = seen(frontend, 'U01 UPDATE')
  expect(found.resyncs.length, `${what}: UPDATE`).toBe(updates.length)
  expect(found.timeouts.length, `${what}: LOGOUT`).toBe(seen(frontend, 'Q01 LOGOUT').length)
  expect(found.retries.count, `${what}: connections after the first`).toBe(seen(frontend, CONNECTS).length - 1)
  expect(found.missingLines, what).toBe(0)
  const whole = found.resyncs.filter(({ outcome }) => outcome === 'complete')
  expect(whole.length, `${what}: lists`).toBe(seen(frontend, 'U01 OK').length)
  for (const [i, { text, atMs }] of frontend.proxy.log.entries()) {
    if (!text.startsWith('U01 OK')) continue
    const asked = frontend.proxy.log.slice(0, i).findLast(entry => entry.text === 'U01 UPDATE')!
    const { listMs } = found.resyncs[updates.indexOf(asked)]
    expect(Math.abs(listMs! - (atMs - asked.atMs)), `${what}: time of a list`).toBeLessThan(SLACK_MS + 1_000)
  }
}
