import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { Replay } from '../../src/drivers/replay.js'
import { decodeHistogram, loadHistograms } from '../../src/metrics/latency.js'
import { Recorder } from '../../src/metrics/recorder.js'
import { KnownMailboxes } from '../../src/traces/known-mailboxes.js'
import type { ConnectionTrace, TracedCommand, TraceStep } from '../../src/traces/trace.js'
import { BANNER, type LineServer, lineServer, loggedIn } from '../support/line-server.js'

const clock = monotonicClock(monotonicOriginS())
const S = 1_700_000_000

const find = (name: string): TracedCommand => ({ kind: 'FIND', name })
const activate = (name: string): TracedCommand => ({ kind: 'ACTIVATE', name, location: 'be1!p', acl: '' })
const deactivate = (name: string): TracedCommand => ({ kind: 'DEACTIVATE', name, location: 'be1!p' })
const remove = (name: string): TracedCommand => ({ kind: 'DELETE', name })
const NOOP: TracedCommand = { kind: 'NOOP' }
const LOGOUT: TracedCommand = { kind: 'LOGOUT' }

/** Seconds after {@link S}. */
type Said = readonly [atS: number, command: TracedCommand, more?: Partial<TraceStep>]

function connection(fromS: number, toS: number, ...said: readonly Said[]): ConnectionTrace {
  const steps = said.map(([atS, command, more]) => ({
    command,
    atS: S + atS,
    isPipelined: false,
    answer: undefined,
    ...more,
  }))
  return { path: 'log', startS: S + fromS, endS: S + toS, steps, leftOut: new Map(), isExact: false }
}

/** Which connection said what, in the order in which it came; a connection's number is that of its acceptance. */
let heard: string[]
let server: LineServer | undefined
let recorder: Recorder

beforeAll(loadHistograms)

beforeEach(() => {
  heard = []
  server = undefined
  recorder = new Recorder()
})

afterEach(async () => {
  recorder.destroy()
  await server?.close()
})

/** @param answer what it says to a command; `undefined`: nothing */
async function replay(
  traces: readonly ConnectionTrace[],
  {
    speed = Infinity,
    known = new KnownMailboxes(),
    allowCrash = false,
    banner = BANNER,
    answer = (_what: string): string | undefined => 'OK "done"',
    onHeard = (_what: string, _replay: Replay) => {},
  } = {},
): Promise<Replay> {
  const answering = loggedIn((tag, rest, socket) => {
    const what = `${server!.sockets.indexOf(socket)} ${rest.replace(/\{\d+\+\}\r\n/g, '')}`
    heard.push(what)
    onHeard(what, driver)
    const said = answer(what)
    if (said === 'CLOSE') socket.destroy()
    return said === undefined || said === 'CLOSE' ? undefined : `${tag} ${said}\r\n`
  })
  server = await lineServer(banner, answering)
  const credentials = { user: 'murder', password: 'secret' }
  const driver = new Replay({ address: server.address, credentials, clock, recorder, traces, speed, known, allowCrash })
  await driver.run()
  return driver
}

/** What counted a metric has. */
function counted(name: string) {
  return recorder.takeDeltas().find(delta => delta.name === name)
}

describe('a replay', () => {
  it('says on each connection what was said, in its order, and ends as it did', async () => {
    const done = await replay([
      connection(0, 3, [0, find('user.a')], [1, NOOP], [3, LOGOUT]),
      connection(1, 2, [1, find('user.b')], [1, find('user.c'), { isPipelined: true }]),
    ])
    expect(heard.filter(what => what.startsWith('0'))).toEqual(['0 FIND user.a', '0 NOOP', '0 LOGOUT'])
    expect(heard.filter(what => what.startsWith('1'))).toEqual(['1 FIND user.b', '1 FIND user.c'])
    expect(done.sent).toBe(5)
    expect(Object.fromEntries(done.answers)).toEqual({ 'FIND OK': 3, 'NOOP OK': 1, 'LOGOUT OK': 1 })
    expect(done.skipped.size).toBe(0)
  })

  it('waits for an answer where its client did', async () => {
    const most = async (isPipelined: boolean) => {
      let [unanswered, most] = [0, 0]
      heard = []
      await replay(
        [connection(0, 1, ...Array.from({ length: 9 }, (_, i) => [0, find(`user.${i}`), { isPipelined }] as const))],
        {
          onHeard: () => {
            unanswered++
            most = Math.max(most, unanswered)
            setImmediate(() => unanswered--)
          },
        },
      )
      await server!.close()
      return most
    }
    expect(await most(false)).toBe(1)
    expect(await most(true)).toBeGreaterThan(1)
  })

  it('takes as long as it did, or as much less as is asked for, and counts from when each was meant to be sent', async () => {
    const startNs = clock.nowNs()
    await replay([connection(0, 40, [0, NOOP], [20, NOOP], [40, NOOP])], { speed: 100 })
    const tookMs = (clock.nowNs() - startNs) / 1e6
    expect(tookMs).toBeGreaterThanOrEqual(399)
    expect(tookMs).toBeLessThan(5000)
    expect(counted('NOOP')).toMatchObject({ count: 3, failed: 0, response: expect.any(String) })
  })

  it.each([
    {
      isExact: false,
      what: 'when the one before was answered, where times are whole seconds',
      fewestMs: 0,
      mostMs: 90,
    },
    { isExact: true, what: 'when it was said, where times are exact', fewestMs: 90, mostMs: 5000 },
  ])('means a command of the same second for $what', async ({ isExact, fewestMs, mostMs }) => {
    const slow = { ...connection(0, 0.01, [0, find('user.slow')], [0.001, NOOP]), isExact }
    await replay([slow], {
      speed: 1,
      answer: () => 'OK "done"',
      onHeard: what => {
        // Nothing else is done meanwhile: the answer comes so late.
        if (what.includes('FIND')) for (const end = clock.nowNs() + 100e6; clock.nowNs() < end; );
      },
    })
    const histogram = decodeHistogram(counted('NOOP')!.response!)
    expect(histogram.maxValue / 1e6).toBeGreaterThanOrEqual(fewestMs)
    expect(histogram.maxValue / 1e6).toBeLessThan(mostMs)
    histogram.destroy()
  })

  it('means nothing for any time at full speed', async () => {
    await replay([connection(0, 40, [0, NOOP], [40, NOOP])])
    const noop = counted('NOOP')
    expect(noop).toMatchObject({ count: 2, service: expect.any(String) })
    expect(noop).not.toHaveProperty('response')
  })

  it('keeps the order of what changes one mailbox, over all connections', async () => {
    const known = new KnownMailboxes()
    await replay(
      [
        connection(0, 9, [0, find('user.z')], [1, activate('user.a')], [5, activate('user.a')]),
        connection(0, 9, [2, remove('user.a')], [4, NOOP]),
        connection(0, 9, [3, activate('user.a')], [6, remove('user.a')]),
      ],
      { known },
    )
    const order = heard.filter(what => what.includes('user.a')).map(what => what.split(' ')[1])
    expect(order).toEqual(['ACTIVATE', 'DELETE', 'ACTIVATE', 'ACTIVATE', 'DELETE'])
  })

  it('holds back what would kill the master, unless asked', async () => {
    const traces = [
      connection(
        0,
        1,
        [0, remove('user.gone')],
        [0, remove('user.here')],
        [0, remove('user.here')],
        [0, deactivate('user.r')],
      ),
    ]
    const known = () => {
      const known = new KnownMailboxes()
      known.add({ name: 'user.here', state: 'active' })
      known.add({ name: 'user.r', state: 'reserved' })
      return known
    }
    const held = await replay(traces, { known: known() })
    expect(heard).toEqual(['0 DELETE user.here'])
    expect(Object.fromEntries(held.skipped)).toEqual({
      'DELETE of a mailbox that is not known to be there': 2,
      'DEACTIVATE of a mailbox that is reserved': 1,
    })
    await server!.close()
    heard = []
    const all = await replay(traces, { known: known(), allowCrash: true })
    expect(heard).toHaveLength(4)
    expect(all.skipped.size).toBe(0)
  })

  it('goes by what was answered, and says where that is not what was recorded', async () => {
    const done = await replay(
      [
        connection(
          0,
          1,
          [0, activate('user.a'), { answer: 'OK' }],
          [0, remove('user.a'), { answer: 'OK' }],
          [0, NOOP, { answer: 'OK' }],
        ),
      ],
      { answer: what => (what.includes('ACTIVATE') ? 'NO "not today"' : 'OK "done"') },
    )
    expect(heard).toEqual(['0 ACTIVATE user.a be1!p ', '0 NOOP'])
    expect(Object.fromEntries(done.otherAnswers)).toEqual({ 'ACTIVATE OK → NO': 1 })
    expect(counted('ACTIVATE')).toMatchObject({ count: 1, failed: 1 })
  })

  it('has no more connections at one time than there were', async () => {
    let [open, most] = [0, 0]
    const traces = Array.from({ length: 12 }, (_, i) =>
      connection(Math.floor(i / 3) * 2, Math.floor(i / 3) * 2 + 1, [Math.floor(i / 3) * 2, NOOP]),
    )
    const running = replay(traces, {
      onHeard: () => {
        open = server!.sockets.filter(socket => !socket.destroyed).length
        most = Math.max(most, open)
      },
    })
    await running
    expect(heard).toHaveLength(12)
    // One that has been closed may not have been seen to be.
    expect(most).toBeLessThanOrEqual(6)
  })

  it('gives up what was to follow on a connection that is lost, and lets others go on', async () => {
    const known = new KnownMailboxes()
    known.add({ name: 'user.a', state: 'active' })
    const done = await replay(
      [
        connection(0, 9, [0, activate('user.a')], [2, activate('user.a')], [2, NOOP]),
        connection(0, 9, [1, remove('user.a')], [3, activate('user.a')]),
      ],
      { known, answer: what => (what.startsWith('0') ? 'CLOSE' : 'OK "done"') },
    )
    expect(heard).toEqual(['0 ACTIVATE user.a be1!p ', '1 DELETE user.a', '1 ACTIVATE user.a be1!p '])
    expect(Object.fromEntries(done.skipped)).toEqual({ 'its connection was lost': 2 })
    expect(counted('ACTIVATE')).toMatchObject({ count: 2, unfinished: 1 })
  })

  it('says nothing more on a connection that is lost, though its turn has come', async () => {
    const done = await replay(
      [connection(0, 9, [0, activate('user.a')], [0, activate('user.a'), { isPipelined: true }])],
      {
        answer: () => 'CLOSE',
      },
    )
    expect(done.sent).toBe(1)
    expect(Object.fromEntries(done.skipped)).toEqual({ 'its connection was lost': 1 })
  })

  it('counts the connections that a master refuses, and goes on', async () => {
    const traces = [connection(0, 1, [0, NOOP], [1, NOOP]), connection(5, 6, [5, NOOP])]
    const done = await replay(traces, { banner: '* BYE "Server Unable"\r\n' })
    expect([...done.unserved]).toEqual([[expect.stringContaining('said BYE: Server Unable'), 2]])
    expect(Object.fromEntries(done.skipped)).toEqual({ 'its connection could not be made': 3 })
    expect(counted('LOGIN')).toMatchObject({ count: 2, failed: 2 })
  })

  it('ends when it is told to, with what is under way as lower bounds', async () => {
    const done = await replay([connection(0, 1, [0, NOOP], [0, NOOP]), connection(50, 60, [50, NOOP])], {
      speed: 1,
      answer: () => undefined,
      onHeard: (_what, driver) => void setImmediate(() => driver.stop('interrupted')),
    })
    expect(heard).toEqual(['0 NOOP'])
    expect(Object.fromEntries(done.skipped)).toEqual({ interrupted: 2 })
    expect(counted('NOOP')).toMatchObject({ count: 1, unfinished: 1 })
  })

  it('reads on where a slave did', async () => {
    const record = 'MAILBOX {6+}\r\nuser.a {5+}\r\nbe1!p {0+}\r\n\r\n'
    const done = await replay([connection(0, 1, [0, { kind: 'UPDATE' }], [1, NOOP], [1, LOGOUT])], {
      answer: what =>
        what.endsWith('UPDATE')
          ? `${record}U01 OK "streaming starts"`
          : what.endsWith('NOOP')
            ? 'OK "Noop done"'
            : 'OK "bye-bye"',
    })
    expect(heard).toEqual(['0 UPDATE', '0 NOOP', '0 LOGOUT'])
    expect(done.records).toBe(1)
  })
})
