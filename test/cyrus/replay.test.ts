import { chownSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import type { Command } from '../../src/core/operation.js'
import { Replay } from '../../src/drivers/replay.js'
import { putState } from '../../src/drivers/replay-state.js'
import { readTraces } from '../../src/cli/given-traces.js'
import { Progress } from '../../src/cli/progress.js'
import { cyrusMaster } from '../../src/masters/cyrus/cyrus-master.js'
import type { Master, MasterEvent } from '../../src/masters/master.js'
import { loadHistograms } from '../../src/metrics/latency.js'
import { Recorder } from '../../src/metrics/recorder.js'
import { Client, type Status } from '../../src/session/client.js'
import { KnownMailboxes } from '../../src/traces/known-mailboxes.js'
import type { ConnectionTrace } from '../../src/traces/trace.js'

const clock = monotonicClock(monotonicOriginS())
/** Names of real sites are as long. */
const LONG = 'Bornes Wifi Bât G '.repeat(20)
const ACL = `bob\tlrswipkxtecdan\t${'anyone\tp\t'.repeat(40)}`

interface Logged {
  readonly master: Master
  readonly events: MasterEvent[]
  /** From now on it writes logs of those who log in. */
  log(): string
}

let recording: Logged
let replaying: Logged
let recorder: Recorder

async function start(): Promise<Logged> {
  const master = cyrusMaster()
  const events: MasterEvent[] = []
  master.onEvent(event => events.push(event))
  await master.start()
  const log = () => {
    const parent = join(master.databaseDirectory!()!, 'conf/log')
    const folder = join(parent, master.credentials.user)
    mkdirSync(folder)
    const { uid, gid } = statSync(parent)
    chownSync(folder, uid, gid)
    return folder
  }
  return { master, events, log }
}

beforeAll(async () => {
  await loadHistograms()
  recorder = new Recorder()
  recording = await start()
  replaying = await start()
})

afterAll(async () => {
  recorder.destroy()
  await Promise.all([recording.master.stop(), replaying.master.stop()])
})

const connect = ({ address, credentials }: Master) => Client.connect({ address, credentials, clock })

/** All at once, and waits for all. */
function pipelined(client: Client, commands: readonly Command[]): Promise<Status[]> {
  const answers = commands.map(
    command =>
      new Promise<Status>((resolve, reject) =>
        client.queue(command, { onDone: status => resolve(status), onLost: reject }),
      ),
  )
  client.flush()
  return Promise.all(answers)
}

const name = (i: number) => `user.bob.${LONG}${i}`
const reserve = (i: number): Command => ({ kind: 'RESERVE', name: name(i), location: 'be1.example.com!default' })
const activate = (i: number, acl = ACL): Command => ({
  kind: 'ACTIVATE',
  name: name(i),
  location: 'be1.example.com!default',
  acl,
})
const remove = (i: number): Command => ({ kind: 'DELETE', name: name(i) })

/** A site's day in little: what is there is changed and deleted, more is made, a slave looks on. */
async function makeTraffic(master: Master): Promise<void> {
  const backend = await connect(master)
  const slave = await connect(master)
  const bulk = await connect(master)
  await new Promise<void>((resolve, reject) =>
    slave.update(undefined, { onDone: () => resolve(), onLost: reject }, { onRecord: () => {} }),
  )
  for (let i = 0; i < 20; i++) {
    await backend.request(reserve(i))
    await backend.request(activate(i))
  }
  await pipelined(
    bulk,
    Array.from({ length: 60 }, (_, i) => activate(100 + i)),
  )
  await slave.request({ kind: 'NOOP' })
  await backend.request({ kind: 'FIND', name: 'user.old' })
  await backend.request({ kind: 'DEACTIVATE', name: 'user.old', location: 'be0!default' })
  await backend.request({ kind: 'DELETE', name: 'user.old' })
  await backend.request({ kind: 'DELETE', name: 'user.older' })
  await pipelined(
    bulk,
    Array.from({ length: 60 }, (_, i) => [remove(100 + i), { kind: 'FIND', name: name(i) } as const]).flat(),
  )
  await bulk.request({ kind: 'LIST', locationPrefix: 'be1.' })
  await slave.request({ kind: 'NOOP' })
  for (const client of [backend, bulk, slave]) await client.logout()
}

describe('telemetry of a real master', () => {
  it('replayed on another one: the same commands in the same order on each connection, all answered alike', async () => {
    for (const old of ['user.old', 'user.older', 'user.still']) {
      const client = await connect(recording.master)
      await client.request({ kind: 'ACTIVATE', name: old, location: 'be0!default', acl: 'a\tl\t' })
      await client.logout()
    }
    const recorded = recording.log()
    await makeTraffic(recording.master)
    const pieces = readdirSync(recorded).map(file => readFileSync(join(recorded, file), 'latin1'))
    // Or this shows nothing of pieces that end in the middle of something.
    expect(pieces.some(text => /[^\n]<\d{10}<[^XUNQ]/.test(text))).toBe(true)

    const quiet = new Progress(process.stderr, true)
    const given = await readTraces([recorded], quiet)
    const { address, credentials } = replaying.master
    const known = new KnownMailboxes()
    // Those that a list shows, and those of which only a new ACL is told.
    expect(await putState(address, credentials, clock, given.expectation.mailboxes(), known, () => true)).toBe(63)
    const replayed = replaying.log()
    const replay = new Replay({
      address,
      credentials,
      clock,
      recorder,
      traces: given.traces,
      speed: Infinity,
      known,
      allowCrash: false,
    })
    await replay.run()
    expect(Object.fromEntries(replay.skipped)).toEqual({})
    expect(Object.fromEntries(replay.otherAnswers)).toEqual({})

    const again = await readTraces([replayed], quiet)
    // By their length, since they log in at the same time.
    const said = (traces: readonly ConnectionTrace[]) =>
      traces
        .map(({ steps }) => steps.map(({ command, answer }) => ({ ...command, answer })))
        .sort((a, b) => a.length - b.length)
    const first = said(given.traces)
    expect(first.map(steps => steps.length)).toEqual([4, 45, 182])
    expect(said(again.traces)).toEqual(first)
    expect(first.flat().every(({ answer }) => answer === 'OK')).toBe(true)
    for (const { leftOut } of [...given.traces, ...again.traces]) expect(leftOut).toEqual(new Map())
    expect([...recording.events, ...replaying.events].filter(({ kind }) => kind !== 'syslog')).toEqual([])
  })

  it('that would kill a master, replayed: it is held back, and kills one where that is asked for', async () => {
    const folder = join(replaying.master.databaseDirectory!()!, 'conf/log', replaying.master.credentials.user)
    const before = new Set(readdirSync(folder))
    const client = await connect(replaying.master)
    await client.request({ kind: 'DELETE', name: 'user.still' })
    await client.logout()
    const [log] = readdirSync(folder).filter(file => !before.has(file))
    const { traces } = await readTraces([join(folder, log!)], new Progress(process.stderr, true))
    const { address, credentials } = replaying.master
    const run = async (allowCrash: boolean) => {
      const known = new KnownMailboxes()
      const replay = new Replay({ address, credentials, clock, recorder, traces, speed: 1, known, allowCrash })
      await replay.run()
      return Object.fromEntries(replay.skipped)
    }
    const restarts = () => replaying.events.filter(({ kind }) => kind === 'restarted').length
    expect(await run(false)).toEqual({ 'DELETE of a mailbox that is not known to be there': 1 })
    expect(restarts()).toBe(0)
    expect(await run(true)).toEqual({ 'its connection was lost': 1 })
    await expect.poll(restarts, { timeout: 10_000 }).toBe(1)
  })
})
