import { afterEach, describe, expect, it } from 'vitest'
import { WHOLE } from '../../src/core/share.js'
import type { Operation } from '../../src/core/operation.js'
import { Backends, type BackendsOptions } from '../../src/drivers/backends.js'
import type { DriverContext } from '../../src/drivers/context.js'
import { constantTimes } from '../../src/generators/arrivals.js'
import { type Paced, type Playing, settled } from '../../src/generators/lanes.js'
import { loadHistograms } from '../../src/metrics/latency.js'
import { clock, contextAt } from './context.js'
import { BANNER, type LineServer, lineServer, loggedIn } from '../support/line-server.js'

await loadHistograms()
let server: LineServer
let backends: Backends

afterEach(async () => {
  await backends.stop()
  await server.close()
})

/** Operations of two commands of one line each, which is all that the test's server reads. */
function* twoCommands(): Generator<Operation, void, undefined> {
  for (let i = 0; ; i++) {
    yield { kind: 'find', backend: 0, mailboxes: [`user.u${i}`], commands: [{ kind: 'LIST' }, { kind: 'NOOP' }] }
  }
}

function* all(operations: readonly Operation[]): Paced {
  yield* operations
}

function* endlessly(operation: Operation): Generator<Operation, void, undefined> {
  for (;;) yield operation
}

const context = () => contextAt(server.address)

const kept: BackendsOptions = { connection: 'kept', backends: 1, connectionsPerBackend: 1, inFlight: 4, share: WHOLE }

async function start(options: BackendsOptions, times: readonly number[], run = context()) {
  backends = new Backends(run, options, twoCommands(), () => times[Symbol.iterator]())
  backends.start({ index: 0, startNs: clock.nowNs() }, { kind: 'constant', ratePerSecond: 1 })
  return run
}

async function until(look: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !look(); i++) await new Promise(resolve => setTimeout(resolve, 5))
  expect(look()).toBe(true)
}

function counts(run: DriverContext): Record<string, { count: number; unfinished: number; failed: number }> {
  return Object.fromEntries(
    run.recorder.takeDeltas().map(({ name, count, unfinished, failed }) => [name, { count, unfinished, failed }]),
  )
}

describe.each(['kept', 'per-operation'] as const)('Backends, connection %s', connection => {
  it('sends the commands of an operation one after the other', async () => {
    const seen: string[] = []
    let listed = false
    server = await lineServer(
      BANNER,
      loggedIn((tag, rest, socket) => {
        if (rest !== 'LOGOUT') seen.push(`${rest}${listed ? ', the list sent' : ''}`)
        if (rest !== 'LIST') return `${tag} OK "done"\r\n`
        setTimeout(() => {
          listed = true
          socket.write(`${tag} OK "done"\r\n`)
        }, 5)
        return undefined
      }),
    )
    const run = await start({ ...kept, connection }, [0])
    await until(() => seen.length > 0 && backends.idle)
    expect(seen).toEqual(['LIST', 'NOOP, the list sent'])
    const each = { count: 1, unfinished: 0, failed: 0 }
    expect(counts(run)).toMatchObject({ LIST: each, NOOP: each, find: each })
  })
})

describe('Backends without a connection to be had', () => {
  it.each(['kept', 'per-operation'] as const)('count what arrives all the same: %s', async connection => {
    // It takes connections and says nothing.
    server = await lineServer('')
    const run = await start({ ...kept, connection }, [0, 0, 1e6])
    await until(() => run.counters.operationsInFlight === 3)
    await backends.stop()
    const seen = counts(run)
    expect(seen.find).toEqual({ count: 3, unfinished: 3, failed: 0 })
    if (connection === 'per-operation') expect(seen.LOGIN).toEqual({ count: 3, unfinished: 3, failed: 0 })
  })
})

describe('Backends in a closed loop', () => {
  it('have as many under way as is said, in each phase anew', async () => {
    let most = 0
    let now = 0
    server = await lineServer(
      BANNER,
      loggedIn((tag, rest, socket) => {
        if (rest === 'LOGOUT') return `${tag} OK "bye"\r\n`
        if (rest === 'LIST') most = Math.max(most, ++now)
        setTimeout(() => {
          if (rest === 'LIST') now--
          socket.write(`${tag} OK "done"\r\n`)
        }, 1)
        return undefined
      }),
    )
    const run = context()
    backends = new Backends(run, { ...kept, connectionsPerBackend: 20, inFlight: 50 }, twoCommands(), () => [].values())
    await backends.prepare()
    for (let index = 0; index < 4; index++) {
      backends.start({ index, startNs: clock.nowNs() }, { kind: 'closed', concurrency: 3, thinkTimeNs: 0 })
      await new Promise(resolve => setTimeout(resolve, 60))
      expect(run.counters.operationsInFlight).toBeLessThanOrEqual(6)
    }
    await new Promise(resolve => setTimeout(resolve, 30))
    expect(run.counters.operationsInFlight).toBeLessThanOrEqual(3)
    expect(most).toBeGreaterThan(1)
  })
})

describe('Backends in a closed loop without a pause', () => {
  it('make none', { retry: 4 }, async () => {
    server = await lineServer(
      BANNER,
      loggedIn(tag => `${tag} OK "done"\r\n`),
    )
    const run = context()
    const one: Operation = { kind: 'find', backend: 0, mailboxes: ['user.u'], commands: [{ kind: 'NOOP' }] }
    backends = new Backends(run, { ...kept, inFlight: 50 }, endlessly(one), () => [].values())
    await backends.prepare()
    const startNs = clock.nowNs()
    backends.start({ index: 0, startNs }, { kind: 'closed', concurrency: 1, thinkTimeNs: 0 })
    await new Promise(resolve => setTimeout(resolve, 300))
    const tookMs = (clock.nowNs() - startNs) / 1e6
    // A timer's shortest pause is 1 ms.
    expect(counts(run).find!.count).toBeGreaterThan(1.1 * tookMs)
  })
})

describe('Backends on a kept connection that is lost', () => {
  it('loses what was on it, and sends what waits when it is back', async () => {
    let dropped = false
    server = await lineServer(
      BANNER,
      loggedIn((tag, rest, socket) => {
        if (dropped || rest !== 'LIST') return `${tag} OK "done"\r\n`
        dropped = true
        return void socket.destroy()
      }),
    )
    // 4 under way, 16 waiting.
    const run = await start(
      kept,
      Array.from({ length: 20 }, () => 0),
    )
    await until(() => dropped && backends.idle)
    const { find } = counts(run)
    expect(find!.count).toBe(20)
    expect(find!.unfinished).toBe(4)
    expect(run.events.filter(event => event.startsWith('operation-lost'))).toHaveLength(4)
    // One event for the connection, however many were on it.
    expect(run.events.filter(event => event.startsWith('connection-lost'))).toEqual([
      expect.stringMatching(
        /^connection-lost: backend 0: unanswered X0 LIST.* and 1 more; before it A01 AUTHENTICATE \(/,
      ),
    ])
    expect(run.counters.operationsInFlight).toBe(0)
    expect(run.counters.operationsQueued).toBe(0)
  })
})

describe('Backends that play a list', () => {
  it('tell it when an operation was answered, and go on for as long as there is nothing to send', async () => {
    const heard: { rest: string; atNs: number }[] = []
    server = await lineServer(
      BANNER,
      loggedIn((tag, rest, socket) => {
        heard.push({ rest, atNs: clock.nowNs() })
        setTimeout(() => socket.write(`${tag} OK "done"\r\n`), 60)
        return undefined
      }),
    )
    const [first, second] = (['LIST', 'NOOP'] as const).map(
      (kind): Operation => ({ kind: 'find', backend: 0, mailboxes: ['user.u'], commands: [{ kind }] }),
    ) as [Operation, Operation]
    function* waiting(playing: Playing): Paced {
      yield first
      yield* settled([first], playing, 150e6)
      yield second
    }
    const run = await start(kept, [])
    backends.play({ index: 0, startNs: clock.nowNs() }, waiting, constantTimes(200))
    await until(() => backends.hasPlayed)
    expect(heard.map(({ rest }) => rest)).toEqual(['LIST', 'NOOP'])
    // Timers may be a grain early.
    expect((heard[1]!.atNs - heard[0]!.atNs) / 1e6).toBeGreaterThan(60 + 150 - 5)
    expect(counts(run).find).toMatchObject({ count: 2, unfinished: 0 })
  })
})

describe('Backends that play the list of a step', () => {
  const one = (kind: Operation['kind'], mailbox: string, name: string): Operation => ({
    kind,
    backend: 0,
    mailboxes: [mailbox],
    commands: [{ kind: 'FIND', name }],
  })

  it('tell its operations from those of the same kind that arrive, and count what it could not send', async () => {
    server = await lineServer(
      BANNER,
      loggedIn((tag, rest) => `${tag} ${rest.includes('refused') ? 'NO "so"' : 'OK "done"'}\r\n`),
    )
    const run = context()
    const arriving = endlessly(one('setacl', 'user.elsewhere', 'user.elsewhere'))
    const now = () => [0, 0][Symbol.iterator]()
    backends = new Backends(run, kept, arriving, now)
    const startNs = clock.nowNs()
    backends.start({ index: 0, startNs }, { kind: 'constant', ratePerSecond: 1 })
    const list = [
      one('setacl', 'user.a', 'refused'),
      one('setacl', 'user.a', 'user.a'),
      one('setacl', 'user.b', 'user.b'),
    ]
    backends.play({ index: 0, startNs }, () => all(list), [0, 0, 0, 0].values())
    await until(() => backends.hasPlayed && backends.idle)
    const seen = run.recorder.takeDeltas()
    const [step] = seen.filter(({ group }) => group === 'steps')
    expect(step).toMatchObject({ name: 'step.setacl', count: 3, failed: 1, unfinished: 1 })
    const both = seen.find(({ group, name }) => group === 'operations' && name === 'setacl')
    // What was not sent is no operation.
    expect(both).toMatchObject({ count: 4, failed: 1, unfinished: 0 })
  })
})

it.each([
  { index: 0, of: 1, dropped: 100 },
  { index: 0, of: 4, dropped: 25 },
  { index: 3, of: 4, dropped: 25 },
])('of arrivals that were never sent, thread $index of $of counts its own', async ({ index, of, dropped }) => {
  const run = contextAt({ host: '127.0.0.1', port: 1 })
  const times = Array.from({ length: 100 }, (_, i) => i)
  function* drawn(): Generator<Operation> {
    for (let i = 0; ; i++) yield { kind: 'find', backend: i % 4, mailboxes: [`user.u${i}`], commands: [] }
  }
  const share = { index, of }
  const sharing = new Backends(run, { ...kept, backends: 4, share }, drawn(), () => times[Symbol.iterator]())
  // Long past: all are due, and it is over before a timer has come to them.
  const phase = { index: 0, startNs: clock.nowNs() - 1e9 }
  sharing.start(phase, { kind: 'constant', ratePerSecond: 1 })
  await sharing.stop()
  expect(run.counters.droppedArrivals).toBe(dropped)
})
