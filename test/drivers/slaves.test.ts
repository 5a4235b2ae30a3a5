import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { Slaves, type SlavesOptions } from '../../src/drivers/slaves.js'
import { type Counters, newCounters } from '../../src/metrics/interval.js'
import { loadHistograms } from '../../src/metrics/latency.js'
import { Recorder } from '../../src/metrics/recorder.js'
import { BANNER, type LineServer, lineServer, loggedIn } from '../support/line-server.js'

await loadHistograms()
const clock = monotonicClock(monotonicOriginS())
const RECORD = 'U01 MAILBOX {6+}\r\nuser.a {3+}\r\nb!p {0+}\r\n\r\n'
const UPDATE = 'U01 DELETE {6+}\r\nuser.a\r\n'
/** In a form that Cyrus does not use. */
const ODD_UPDATE = 'U01 DELETE "user.a"\r\n'
let server: LineServer
let slaves: Slaves
let counters: Counters
/** Connections that asked for the list. */
let streams: Socket[]
/** What follows the records of a list in the same write. */
let afterList: string

beforeEach(() => {
  streams = []
  afterList = ''
  counters = newCounters()
})

afterEach(async () => {
  await slaves.stop()
  await server.close()
})

async function start(
  options: Partial<SlavesOptions> = {},
  endsList = () => true,
  answer = (tag: string, _: Socket): string | undefined => `${tag} OK "done"\r\n`,
): Promise<void> {
  server = await lineServer(
    BANNER,
    loggedIn((tag, rest, socket) => {
      if (rest !== 'UPDATE') return answer(tag, socket)
      streams.push(socket)
      return `${RECORD.repeat(100)}${endsList() ? `${tag} OK "streaming"\r\n${afterList}` : ''}`
    }),
  )
  const { address } = server
  slaves = new Slaves(
    {
      clock,
      address,
      credentials: { user: 'u', password: 'p' },
      seed: 1,
      recorder: new Recorder(),
      counters,
      phase: () => 0,
      move: () => {},
      event: () => {},
      unserved: () => {},
      journal: () => {},
    },
    { count: 1, retryDelayNs: 300e6, mergeNsPerMailbox: 0, staggerNs: 0, others: [], mostFollowed: 0, ...options },
  )
  slaves.start({ index: 0, startNs: clock.nowNs() })
}

async function until(look: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !look(); i++) await sleep(5)
  expect(look()).toBe(true)
}

const bytes = () => ({ list: counters.slaveListBytes, update: counters.slaveUpdateBytes })
const LIST_BYTES = RECORD.length * 100

it('the first list costs nothing; updates do, however they are cut, and NOOPs do not', async () => {
  await start()
  await until(() => slaves.allStreaming)
  // Several NOOPs are answered meanwhile.
  await sleep(1000)
  expect(bytes()).toEqual({ list: 0, update: 0 })
  for (const piece of [UPDATE.slice(0, 5), UPDATE.slice(5) + ODD_UPDATE.slice(0, 9), ODD_UPDATE.slice(9) + RECORD]) {
    streams[0]!.write(piece)
    await sleep(20)
  }
  const update = UPDATE.length + ODD_UPDATE.length + RECORD.length
  await until(() => counters.slaveUpdateBytes >= update)
  expect(bytes()).toEqual({ list: 0, update })
})

it('a list once more costs what it is long; what comes with its end is an update, read after the merge or not', async () => {
  afterList = UPDATE + UPDATE
  await start({ mergeNsPerMailbox: 1e6 })
  for (const life of [1, 2, 3]) {
    await until(() => streams.length === life && slaves.allStreaming)
    await until(() => counters.slaveUpdateBytes >= life * 2 * UPDATE.length)
    expect(bytes()).toEqual({ list: (life - 1) * LIST_BYTES, update: life * 2 * UPDATE.length })
    slaves.affect({ kind: 'restart' })
  }
})

it('a list that breaks off costs what came of it', async () => {
  await start({}, () => false)
  await until(() => streams.length === 1)
  slaves.affect({ kind: 'restart' })
  await until(() => counters.slaveListBytes > 0)
  streams[1]!.destroy()
  await until(() => streams.length === 3 && counters.slaveListBytes >= 2 * LIST_BYTES)
  expect(bytes()).toEqual({ list: 2 * LIST_BYTES, update: 0 })
})

it('what a frozen slave has not read is not counted before it is', async () => {
  await start({ retryDelayNs: 10e9 })
  await until(() => slaves.allStreaming)
  slaves.affect({ kind: 'freeze', forNs: 150e6 })
  streams[0]!.write(UPDATE)
  await sleep(75)
  expect(bytes()).toEqual({ list: 0, update: 0 })
  await until(() => counters.slaveUpdateBytes > 0)
  expect(bytes()).toEqual({ list: 0, update: UPDATE.length })
})

it('one after the other restart those whose turn it is', async () => {
  await start({ count: 3, retryDelayNs: 10e9 })
  await until(() => slaves.allStreaming)
  const lost: number[] = []
  for (const [i, stream] of streams.entries()) stream.on('close', () => lost.push(i))
  for (const first of [0, 1, 2]) {
    slaves.affect({ kind: 'restart', slaves: 1, first })
    await until(() => streams.length === 4 + first && slaves.allStreaming)
    expect(new Set(lost).size).toBe(first + 1)
  }
  slaves.affect({ kind: 'restart', slaves: 1, first: 3 })
  await sleep(50)
  expect(streams).toHaveLength(6)
})

it('the longest wait is that of the oldest NOOP that is not answered yet', async () => {
  const unanswered: (() => void)[] = []
  await start({ count: 2, retryDelayNs: 10e9 }, undefined, (tag, socket) => {
    unanswered.push(() => socket.write(`${tag} OK "done"\r\n`))
    return undefined
  })
  await until(() => slaves.allStreaming)
  expect(slaves.longestWaitNs(clock.nowNs())).toBe(0)
  const sentNs = clock.nowNs()
  slaves.kick(sentNs, 0)
  await sleep(30)
  slaves.kick(clock.nowNs(), 1)
  await until(() => unanswered.length === 2)
  expect(slaves.longestWaitNs(sentNs + 10e9)).toBeGreaterThan(9.98e9)
  unanswered[0]!()
  await until(() => slaves.longestWaitNs(sentNs + 10e9) < 9.98e9)
  expect(slaves.longestWaitNs(sentNs + 10e9)).toBeGreaterThan(9e9)
  unanswered[1]!()
  await until(() => slaves.longestWaitNs(sentNs + 10e9) === 0)
})
