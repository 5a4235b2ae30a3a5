import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { WHOLE } from '../../src/core/share.js'
import type { Operation } from '../../src/core/operation.js'
import { Backends, type BackendsOptions } from '../../src/drivers/backends.js'
import type { DriverContext } from '../../src/drivers/context.js'
import { conditionsOf, type Loss } from '../../src/engine/conditions.js'
import { cyrusMaster } from '../../src/masters/cyrus/cyrus-master.js'
import type { Master, MasterEvent } from '../../src/masters/master.js'
import { newCounters } from '../../src/metrics/interval.js'
import { loadHistograms } from '../../src/metrics/latency.js'
import { Recorder } from '../../src/metrics/recorder.js'

await loadHistograms()
const clock = monotonicClock(monotonicOriginS())
let master: Master
let masterEvents: MasterEvent[]
let restarts: number[]

beforeEach(async () => {
  master = cyrusMaster()
  masterEvents = []
  restarts = []
  master.onEvent(event => {
    if (event.kind !== 'syslog') masterEvents.push(event)
    if (event.kind === 'restarted') restarts.push(clock.nowNs())
  })
  await master.start()
})

afterEach(() => master.stop())

async function until(what: string, look: () => boolean, limitMs = 15_000): Promise<void> {
  for (const end = Date.now() + limitMs; Date.now() < end && !look(); ) await sleep(20)
  expect(look(), what).toBe(true)
}

function create(i: number): Operation {
  const name = `user.u${i}`
  const location = 'backend0.example.com!default'
  const commands = [
    { kind: 'RESERVE', name, location },
    { kind: 'ACTIVATE', name, location, acl: 'u\tlrs\t' },
  ] as const
  return { kind: 'create', backend: 0, mailboxes: [name], commands }
}

/** A backend that disagrees with the master about one mailbox: no generator of ours makes such an operation. */
function* createsAround(deadly: Operation): Generator<Operation, void, undefined> {
  for (let i = 0; ; i++) yield i === 50 ? deadly : create(i)
}

const unknown = { name: 'user.never', location: 'backend1.example.com!default' }

describe.each([
  { kind: 'DELETE', connection: 'kept' },
  { kind: 'DELETE', connection: 'per-operation' },
  { kind: 'DEACTIVATE', connection: 'kept' },
] as const)('a $kind of a name that a real master does not have, $connection', ({ kind, connection }) => {
  it('kills it: the event and the condition name the command, and backends go on when it is back', async () => {
    const events: { readonly kind: string; readonly detail: string }[] = []
    const losses: Loss[] = []
    const created: number[] = []
    const context: DriverContext = {
      clock,
      address: master.address,
      credentials: master.credentials,
      recorder: new Recorder(),
      seed: 1,
      counters: newCounters(),
      phase: () => 0,
      move: () => {},
      unserved: () => {},
      event: (kind, detail, suspects = []) => {
        events.push({ kind, detail })
        losses.push({ atNs: clock.nowNs(), suspects })
      },
      journal: () => {},
    }
    const deadly: Operation = {
      kind: 'delete',
      backend: 1,
      mailboxes: [unknown.name],
      commands: [{ kind, ...unknown }],
    }
    const options: BackendsOptions = { connection, backends: 2, connectionsPerBackend: 1, inFlight: 4, share: WHOLE }
    function* every10ms(): Generator<number> {
      for (let i = 0; ; i++) yield i * 10e6
    }
    const backends = new Backends(context, options, createsAround(deadly), every10ms, (_, atNs) => created.push(atNs))
    try {
      await backends.prepare()
      backends.start({ index: 0, startNs: clock.nowNs() }, { kind: 'constant', ratePerSecond: 100 })
      await until('a restart', () => restarts.length > 0)
      await until('creates after it', () => created.filter(atNs => atNs > restarts[0]! + 0.5e9).length > 20)
    } finally {
      await backends.stop()
    }
    expect(masterEvents.map(({ kind }) => kind)).toEqual(['restarted'])
    expect(created.filter(atNs => atNs < restarts[0]!).length).toBeGreaterThan(20)
    const lost = events.filter(({ kind }) => kind === 'connection-lost').map(({ detail }) => detail)
    expect(lost).toContainEqual(
      expect.stringContaining(`backend 1: unanswered X0 ${kind} user.never; before it A01 AUTHENTICATE (`),
    )
    expect(JSON.stringify(events)).not.toContain(master.credentials.password)
    const [condition] = conditionsOf({
      moves: [],
      unserved: [],
      streamingProbes: 0,
      briefConnections: 0,
      log: [],
      restarts,
      losses,
      overflows: [],
    })
    expect(condition!.detail).toContain(`unanswered when it went: ${kind} user.never (backend 1): a ${kind} of a name`)
  })
})
