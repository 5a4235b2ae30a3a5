import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { type ReplayResult, replayResultSchema } from '../../src/metrics/replay-result.js'
import { Client } from '../../src/session/client.js'
import { lit, TelemetryLog } from '../support/telemetry-log.js'
import { SomebodysMaster } from './somebodys-master.js'
import { Workbench } from './bench.js'

const clock = monotonicClock(monotonicOriginS())
let workbench: Workbench
let logs: string

beforeEach(() => {
  workbench = new Workbench()
  logs = join(workbench.directory, 'murder')
  mkdirSync(logs)
})

afterEach(() => workbench.remove())

/** A create, a delete of what was there before, and one that kills a master. */
const BACKEND = new TelemetryLog()
  .output('A01 OK "Authenticated"\r\n')
  .input(`X0 RESERVE ${lit('user.new')} ${lit('be1!p')}\r\n`)
  .output('X0 OK "done"\r\n')
  .input(`X1 ACTIVATE ${lit('user.new')} ${lit('be1!p')} ${lit('a\tlrs\t')}\r\n`)
  .output('X1 OK "done"\r\n')
  .pass(1)
  .input(`X2 DELETE ${lit('user.old')}\r\n`)
  .output('X2 OK "done"\r\n')
  .input(`X3 DELETE ${lit('user.old')}\r\n`)
const SLAVE = new TelemetryLog()
  .output('A01 OK "Authenticated"\r\n')
  .input('U01 UPDATE\r\n')
  .output(
    `U01 MAILBOX ${lit('user.old')} ${lit('be2!q')} ${lit('b\tl\t')}\r\nU01 RESERVE ${lit('user.half')} ${lit('be2!q')}\r\n`,
  )
  .output('U01 OK "streaming starts"\r\n')
  .pass(2)
  .input('N1 NOOP\r\n')
  .output(`U01 DELETE ${lit('user.old')}\r\nN1 OK "Noop done"\r\n`)

function writeLogs(): void {
  writeFileSync(join(logs, 'mupdate-1700000000.250000'), BACKEND.bytes)
  writeFileSync(join(logs, '1700000000.100000'), SLAVE.bytes)
  writeFileSync(join(logs, 'imap-1234'), 'another service’s')
}

describe('mupdate-bench replay', () => {
  it('replays a folder of logs: what they expect is put there first, what would kill a master is held back', async () => {
    writeLogs()
    const { status, stdout, stderr } = await workbench.bench(['replay', logs, '--json', '--speed', 'max'])
    expect(stderr).not.toMatch(/error/)
    const result: ReplayResult = replayResultSchema.parse(JSON.parse(stdout))
    expect(result).toMatchObject({
      schema: 'mupdate-bench/replay/1',
      speed: 'max',
      original: { connections: 2, mostAtOnce: 2, commands: 6, leftOut: {} },
      preloaded: 2,
      skipped: { 'DELETE of a mailbox that is not known to be there': 1 },
      otherAnswers: {},
      unserved: {},
      interrupted: false,
    })
    expect(result.original.seconds).toBeCloseTo(1.9, 6)
    const counts = Object.fromEntries(
      result.commands.map(({ kind, answers, unfinished }) => [kind, [answers?.OK, unfinished]]),
    )
    expect(counts).toMatchObject({ RESERVE: [1, 0], ACTIVATE: [1, 0], DELETE: [1, 0], UPDATE: [1, 0], NOOP: [1, 0] })
    // user.half and user.old, unless the backend was quicker.
    expect(result.records).toBeGreaterThanOrEqual(2)
    expect(status).toBe(0)
  })

  it('takes files, packed or not, at another speed, and says it in words', async () => {
    const packed = join(workbench.directory, 'mupdate-1700000000.250000.gz')
    writeFileSync(packed, gzipSync(BACKEND.bytes))
    const { status, stdout, stderr } = await workbench.bench(['replay', packed, '--speed', '4', '--allow-crash'])
    expect(stdout).toMatch(/^4 commands of 4 replayed at 4 times its speed, on 1 connection,/)
    expect(stdout).toMatch(/^master: embedded .*1\s+mailbox put there first/m)
    expect(stdout).toMatch(/^DELETE +2 +1 +1 /m)
    expect(stdout).not.toContain('not sent')
    expect(stderr).toContain('starting the embedded master')
    expect(status).toBe(0)
  })

  it.each([
    { what: 'a file that is not there', args: ['none'], says: /cannot read none/ },
    { what: 'a file that is none', args: ['small.yaml'], says: /no telemetry log of Cyrus/ },
    { what: 'a folder without any', args: ['.'], says: /no log of mupdate’s in it/ },
    { what: 'a log without commands', args: ['silent'], says: /no command in these logs/ },
    { what: 'no speed', args: ['murder', '--speed', '0'], says: /from 0\.001 to 10000, or max/ },
    { what: 'no master', args: ['murder', '--master', 'cyrusses'], says: /no such master/ },
    { what: 'settings of others', args: ['murder', '--set', 'slaves.count=3'], says: /no setting of the master/ },
    {
      what: 'another host',
      args: ['murder', '-m', 'mupdate://a@192.0.2.1'],
      says: /create up to 3[\s\S]*--allow-load/,
    },
    {
      what: 'to change mailboxes of another host',
      args: ['murder', '-m', 'mupdate://a@192.0.2.1', '--allow-load', '192.0.2.1'],
      says: /add --allow-mutations 192\.0\.2\.1/,
    },
  ])('refuses $what (2)', async ({ args, says }) => {
    writeLogs()
    writeFileSync(join(workbench.directory, 'silent'), new TelemetryLog().output('A01 OK "Authenticated"\r\n').bytes)
    const { status, stdout, stderr } = await workbench.bench(['replay', ...args], { MUPDATE_BENCH_PASSWORD: 'x' })
    expect(stderr).toMatch(says)
    expect(stderr).not.toMatch(/^ +at /m)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  })
})

describe('on somebody’s master', () => {
  const master = new SomebodysMaster()
  beforeEach(writeLogs)

  const mailboxes = () => master.mailboxes()
  /** What the logs expect is there. */
  const filled = async () => {
    while ((await mailboxes()) < 2) await sleep(20)
  }
  const journals = () => readdirSync(workbench.directory).filter(name => name.endsWith('.journal'))

  it('it removes all it made', async () => {
    const { status, stderr } = await workbench.bench(['replay', logs, '-m', master.url, '--speed', 'max'], master.env)
    expect(stderr).toMatch(/^will send 6 commands on 2 connections\n/)
    expect(stderr).toMatch(/removed the logs’ mailboxes: 2 of 3 names were there/)
    expect(await mailboxes()).toBe(0)
    expect(journals()).toEqual([])
    expect(status).toBe(0)
  })

  it('it touches nothing where one of the mailboxes is there already (2)', async () => {
    const client = await Client.connect({ address: master.address, credentials: master.credentials, clock })
    await client.request({ kind: 'ACTIVATE', name: 'user.half', location: 'be1!p', acl: '' })
    const { status, stdout, stderr } = await workbench.bench(['replay', logs, '-m', master.url], master.env)
    expect(stderr).toMatch(/the master has 1 of the logs’ mailboxes already, such as "user\.half"/)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(await mailboxes()).toBe(1)
    await client.logout()
  })

  it('killed, it leaves a journal, with which cleanup removes what it made, as long as nobody changes that', async () => {
    const run = workbench.start(['replay', logs, '-m', master.url, '--speed', '0.01'], master.env)
    await filled()
    run.child.kill('SIGKILL')
    await run.ended
    const [journal] = journals()
    const path = join(workbench.directory, journal!)
    const text = readFileSync(path, 'latin1')
    writeFileSync(path, `${text}user.foreign\n`)
    const changed = await workbench.bench(['cleanup', journal!, '--master', master.url], master.env)
    expect(changed.stderr).toContain('was changed since it was written')
    expect(changed.status).toBe(2)
    writeFileSync(path, text, 'latin1')
    const { status, stdout } = await workbench.bench(['cleanup', journal!, '--master', master.url], master.env)
    expect(stdout).toBe('3 names checked, 2 deleted\n')
    expect(status).toBe(0)
    expect(await mailboxes()).toBe(0)
  })

  it('interrupted, it says what there was up to then, and removes what it made (130)', async () => {
    const run = workbench.start(['replay', logs, '-m', master.url, '--speed', '0.01'], master.env)
    await filled()
    run.child.kill('SIGINT')
    const { status, stdout } = await run.ended
    expect(stdout).toMatch(/^interrupted: this is what there was/)
    expect(await mailboxes()).toBe(0)
    expect(journals()).toEqual([])
    expect(status).toBe(130)
  })
})
