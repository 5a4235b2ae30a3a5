import { describe, expect, it } from 'vitest'
import type { PhaseResult, RunResult } from '../../../src/metrics/run-result.js'
import { type Objective, outcomeOf } from '../../../src/verdict/capacity/outcome.js'
import { parseThreshold } from '../../../src/verdict/threshold.js'
import { measuredRun, timeOf } from '../measured-run.js'

const MAILBOXES = 100_000

function objective(texts: readonly string[], plannedRestarts = 0): Objective {
  return {
    thresholds: texts.map(text => ({ ...parseThreshold(text), isOptional: text.includes('NOOP.slave') })),
    plannedRestarts,
  }
}

const DEFAULT = objective([
  'slaves.timeouts == 0',
  'load: NOOP.slave.responseTimeUs.p99 < 5s',
  'load: create.responseTimeUs.p99 < 1s',
])

interface Load {
  readonly createUs?: number
  readonly noopUs?: number
  readonly plainUs?: number
  readonly lists?: number
  readonly peggedShare?: number
  readonly flushes?: number
  readonly bound?: boolean
}

/** One phase of 10 s. */
function trial(load: Load, change: (run: RunResult) => void = () => {}): RunResult {
  return measuredRun({}, run => {
    const base = run.phases.at(-1)!
    const { createUs = 2000, noopUs, plainUs = 100, lists = 0, peggedShare = 0.1, flushes, bound = false } = load
    const metric = (us: number, count: number, isBound = false) => ({
      count,
      failed: 0,
      unfinished: isBound ? 1 : 0,
      ratePerSecond: count / 10,
      responseTimeUs: timeOf(us, isBound ? ['p99'] : []),
    })
    const phase: PhaseResult = {
      ...base,
      name: 'load',
      durationMs: 10_000,
      ended: 'duration',
      operations: { create: metric(createUs, 2000, bound) },
      commands: {
        'NOOP.plain': metric(plainUs, 200),
        ...(noopUs === undefined ? {} : { 'NOOP.slave': metric(noopUs, 20) }),
      },
      listedRecords: lists * MAILBOXES,
      master: {
        cpuMs: 1000,
        peggedMs: peggedShare * 10_000,
        waitMs: 0,
        rssBytes: 9e7,
        writeBytes: 0,
        writeCalls: 0,
        diskFlushes: flushes ?? null,
      },
    }
    run.phases = [phase]
    run.slaves = { ...run.slaves, count: 20, dumpHoldMs: 560, retryDelayMs: 2000, conditions: [] }
    run.master = { ...run.master, kind: 'cyrus', descriptorsPeak: 40, settings: {} }
    change(run)
  })
}

const judged = (run: RunResult, wanted = DEFAULT) => outcomeOf(run, wanted, MAILBOXES)

describe('an outcome', () => {
  it('holds where all is kept, and what had nothing to measure is no failure', () => {
    const { outcome, marginal, cause, objective: kept } = judged(trial({}))
    expect({ outcome, marginal, cause }).toEqual({ outcome: 'held', marginal: false, cause: null })
    expect(kept.map(({ result }) => result)).toEqual(['kept', 'unmeasured', 'kept'])
    expect(kept[2]).toMatchObject({ value: 2000, share: 0.002 })
  })

  it.each([
    { createUs: 700_000, outcome: 'held', marginal: false },
    { createUs: 850_000, outcome: 'held', marginal: true },
    { createUs: 1_100_000, outcome: 'failed', marginal: true },
    { createUs: 1_300_000, outcome: 'failed', marginal: false },
  ])('of a create p99 of $createUs µs: $outcome, marginal $marginal', ({ createUs, ...wanted }) => {
    expect(judged(trial({ createUs }))).toMatchObject(wanted)
  })

  it('that a lower bound leaves open is near', () => {
    expect(judged(trial({ createUs: 500_000, bound: true }))).toMatchObject({ outcome: 'failed', marginal: true })
    expect(judged(trial({ createUs: 4e6, bound: true }))).toMatchObject({ outcome: 'failed', marginal: false })
  })

  it.each([
    { timeouts: 1, marginal: true },
    { timeouts: 2, marginal: true },
    { timeouts: 24, marginal: false },
  ])('$timeouts time-outs fail it, by little: $marginal', ({ timeouts, marginal }) => {
    const run = trial({}, changed => {
      changed.slaves.timeouts = timeouts
    })
    expect(judged(run)).toMatchObject({ outcome: 'failed', marginal })
  })

  it('a phase that does not come to its end fails it', () => {
    const reason = 'settle: not streaming within 60 s'
    const run = trial({}, changed => {
      changed.verdict = { result: 'fail', reasons: [reason], thresholds: [] }
    })
    expect(judged(run)).toMatchObject({ outcome: 'failed', marginal: false, cause: { broken: [reason] } })
  })

  it('a master that was restarted fails it, unless that was planned', () => {
    const run = trial({}, changed => {
      changed.master.restarts = 1
    })
    expect(judged(run).cause!.broken).toEqual(['the master was restarted once'])
    expect(judged(run, objective(['slaves.timeouts == 0'], 1)).outcome).toBe('held')
  })

  const dropping = (kind: RunResult['master']['kind'], drops: number) =>
    trial({}, changed => {
      changed.master.kind = kind
      changed.slaves.drops = drops + 3
      changed.slaves.timeouts = 3
    })
  const few = objective(['slaves.timeouts < 5'])

  it('slaves that the master dropped fail it, one or two by little, unless it was to be restarted', () => {
    const broken = ['the master dropped 17 connections of its slaves']
    expect(judged(dropping('cyrus', 17), few)).toMatchObject({ outcome: 'failed', marginal: false, cause: { broken } })
    expect(judged(dropping('cyrus', 1), few)).toMatchObject({ outcome: 'failed', marginal: true })
    expect(judged(dropping('cyrus', 17), objective(['slaves.timeouts < 5'], 1)).outcome).toBe('held')
  })

  it('a remote master of which only its slaves saw that it died fails it, though the run is invalid', () => {
    const run = dropping('remote', 17)
    run.verdict = { result: 'invalid', reasons: ['load: operations were sent late'], thresholds: [] }
    expect(judged(run, few).outcome).toBe('failed')
    expect(judged(run, objective(['slaves.timeouts < 5'], 1)).outcome).toBe('failed')
    run.slaves.drops = 6
    expect(judged(run, few).outcome).toBe('harness')
  })

  it('time-outs are drops as well, and are counted once', () => {
    const run = trial({}, changed => {
      changed.slaves.drops = changed.slaves.timeouts = 4
    })
    expect(judged(run, objective(['slaves.timeouts < 5'])).outcome).toBe('held')
  })

  it('a master that was lost fails it, though the run is invalid', () => {
    const run = trial({}, changed => {
      changed.phases[0]!.ended = 'lost'
      changed.verdict = { result: 'invalid', reasons: ['load: operations were sent late'], thresholds: [] }
    })
    expect(judged(run)).toMatchObject({ outcome: 'failed', cause: { broken: ['load: the master was lost'] } })
  })
})

describe('the harness as the limit', () => {
  const saturated = (changed: RunResult) => {
    changed.verdict = { result: 'invalid', reasons: ['load: the harness was the limit: its thread'], thresholds: [] }
  }
  it('makes nothing of the figures, however bad', () => {
    const { outcome, cause } = judged(trial({ createUs: 9e6, plainUs: 9e6, lists: 20, peggedShare: 1 }, saturated))
    expect(outcome).toBe('harness')
    expect(cause).toMatchObject({ resource: 'harness', because: 'load: the harness was the limit: its thread' })
  })

  const waited = (waitMs: number) =>
    trial({ createUs: 3e6, peggedShare: 1 }, changed => {
      changed.phases[0]!.master!.waitMs = waitMs
      changed.phases[0]!.master!.cpuMs = 3000
    })
  it.each([
    { waitMs: 6000, what: 'waited twice as long for a CPU as it had one', outcome: 'harness', resource: 'harness' },
    { waitMs: 2800, what: 'waited, and had one for longer', outcome: 'failed', resource: 'thread pegged' },
  ])('is its host, too: a master that $what: $outcome', ({ waitMs, outcome, resource }) => {
    expect(judged(waited(waitMs))).toMatchObject({ outcome, cause: { resource } })
  })

  it('is not its host where the master’s threads wait for one another', () => {
    const full = trial({ createUs: 3e6, peggedShare: 1 }, changed => {
      changed.harness.host = { cores: 2 }
      changed.phases[0]!.master!.waitMs = 60_000
      changed.phases[0]!.master!.cpuMs = 17_000
    })
    expect(judged(full)).toMatchObject({ outcome: 'failed', cause: { resource: 'thread pegged' } })
    full.harness.host = { cores: 4 }
    expect(judged(full).outcome).toBe('harness')
  })

  it('is not its host where CPUs are left', () => {
    const left = trial({ createUs: 3e6, peggedShare: 1 }, changed => {
      changed.harness.host = { cores: 2 }
      changed.phases[0]!.master!.waitMs = 16_000
      changed.phases[0]!.master!.cpuMs = 9900
      changed.phases[0]!.hostFullMs = 1_000
    })
    expect(judged(left)).toMatchObject({ outcome: 'failed', cause: { resource: 'thread pegged' } })
    left.phases[0]!.hostFullMs = 4_000
    expect(judged(left)).toMatchObject({ outcome: 'harness', cause: { resource: 'harness' } })
  })

  it('is not its host where the master had hardly anything to do', () => {
    const idle = trial({ createUs: 4e6, plainUs: 4e6 }, changed => {
      changed.slaves.count = 50
      changed.phases[0]!.master!.waitMs = 400
      changed.phases[0]!.master!.cpuMs = 200
    })
    expect(judged(idle)).toMatchObject({ outcome: 'failed', cause: { resource: 'workers' } })
  })

  it('does not explain a master that died', () => {
    const run = trial({}, changed => {
      saturated(changed)
      changed.master.restarts = 1
      changed.master.descriptorsPeak = 1015
    })
    expect(judged(run)).toMatchObject({ outcome: 'failed', cause: { resource: 'descriptors' } })
  })
})

describe('the cause', () => {
  const condition = (name: RunResult['slaves']['conditions'][number]['name']) => (changed: RunResult) => {
    changed.slaves.conditions = [{ name, atMs: 10, detail: `it was ${name}`, remedy: '' }]
    changed.slaves.timeouts = 30
  }
  it.each([
    {
      what: 'lists that kept the lock for as long as creates waited',
      run: trial({ createUs: 2.2e6, lists: 4 }),
      resource: 'mailboxes lock',
      says: /^4 lists of 560 ms each kept the lock for 2.24 s of the 10.0 s of load$/,
    },
    {
      what: 'the same where workers ran out besides, since creates that wait keep them',
      run: trial({ createUs: 4e6, lists: 8 }, condition('workers-exhausted')),
      resource: 'mailboxes lock',
      says: /8 lists/,
    },
    {
      what: 'no lists, and NOOPs that nobody reads, while the master has nothing to do',
      run: trial({ createUs: 4e6, plainUs: 4e6 }, changed => {
        changed.slaves.count = 50
      }),
      resource: 'workers',
      says: /with 50 slaves streaming, .* waited 4.00 s in load, though the master was pegged for 10 % .* none is left/,
    },
    {
      what: 'slaves that are not greeted',
      run: trial({ createUs: 4e6 }, condition('workers-exhausted')),
      resource: 'workers',
      says: /it was workers-exhausted/,
    },
    {
      what: 'connections that the kernel could not keep for it',
      run: trial({ createUs: 4e6 }, condition('listen-queue-full')),
      resource: 'listen queue',
      says: /it was listen-queue-full/,
    },
    {
      what: 'slaves that are sent away',
      run: trial({}, condition('connections-exhausted')),
      resource: 'connections',
      says: /it was connections-exhausted/,
    },
    {
      what: 'the line that says so',
      run: trial({}, condition('descriptors-exhausted')),
      resource: 'descriptors',
      says: /it was descriptors-exhausted/,
    },
    {
      what: 'a disk that syncs all the time under a master with time to spare',
      run: trial({ createUs: 3e6, flushes: 12_000, peggedShare: 0.2 }),
      resource: 'disk sync',
      says: /synced 1200 times a second for 200 creates/,
    },
    {
      what: 'a CPU that it had to itself',
      run: trial({ createUs: 3e6, peggedShare: 0.97, plainUs: 3e6 }),
      resource: 'thread pegged',
      says: /pegged for 97 % of the time/,
    },
    {
      what: 'not lists that are over long before what waits, though NOOPs waited no longer than for them',
      run: trial({ createUs: 8e6, noopUs: 5e5, lists: 1, flushes: 4000, peggedShare: 0.2 }),
      resource: 'disk sync',
      says: /synced 400 times a second/,
    },
    {
      what: 'not a busy disk, where no create waits for it',
      run: trial({ createUs: 50_000, plainUs: 4e6, flushes: 12_000 }, changed => {
        changed.slaves.count = 50
        changed.slaves.timeouts = 5
      }),
      resource: 'workers',
      says: /waited 4.00 s/,
    },
    {
      what: 'a remote master that is gone with so many connections',
      run: trial({}, changed => {
        changed.master.kind = 'remote'
        changed.slaves.count = 1020
        changed.slaves.drops = 1020
      }),
      resource: 'descriptors',
      says: /lost with 1020 connections/,
    },
    { what: 'nothing that was seen', run: trial({ createUs: 3e6 }), resource: 'unknown', says: /nothing/ },
  ])('$resource: $what', ({ run, resource, says }) => {
    const { cause } = judged(run)
    expect(cause!.resource).toBe(resource)
    expect(cause!.because).toMatch(says)
  })

  it('is what explains that which was asked for, whatever else waited', () => {
    const run = trial({ createUs: 15e6, lists: 6, flushes: 4000, peggedShare: 0.2 }, changed => {
      changed.slaves.timeouts = 6
    })
    expect(judged(run, objective(['slaves.timeouts == 0'])).cause!.resource).toBe('mailboxes lock')
    expect(judged(run, objective(['load: create.responseTimeUs.p99 < 1s'])).cause!.resource).toBe('disk sync')
    const quick = trial({ createUs: 60_000, flushes: 4000, peggedShare: 0.2 })
    expect(judged(quick, objective(['load: create.responseTimeUs.p99 < 50ms'])).cause!.resource).toBe('disk sync')
  })

  it('of a phase that took too long is the lists it waited for', () => {
    const run = trial({ lists: 10 }, changed => {
      changed.phases[0]!.ended = 'limit'
      changed.verdict = { result: 'fail', reasons: ['load: not streaming within 10 s'], thresholds: [] }
    })
    expect(judged(run).cause!.resource).toBe('mailboxes lock')
  })

  it('of an embedded master that was killed is not its descriptors', () => {
    const run = trial({}, changed => {
      changed.master.kind = 'embedded'
      changed.slaves.count = 1020
      changed.phases[0]!.ended = 'lost'
    })
    expect(judged(run).cause!.resource).toBe('unknown')
  })

  it('names what else was used up', () => {
    expect(judged(trial({ createUs: 4e6, lists: 8 }, condition('workers-exhausted'))).cause!.also).toEqual(['workers'])
  })

  it('is told of the phase with load, not of one that waited for its end afterwards', () => {
    const run = trial({ createUs: 4e6, plainUs: 4e6 }, changed => {
      changed.slaves.count = 50
      changed.phases = [
        ...changed.phases,
        { ...changed.phases[0]!, name: 'drain', ended: 'limit' as const },
      ].toReversed()
    })
    expect(judged(run).cause!.because).toMatch(/waited 4.00 s in load,/)
  })

  it('counts the harness’s own streams', () => {
    const run = trial({ createUs: 4e6, plainUs: 4e6 }, changed => {
      changed.slaves.count = 48
      changed.probes = { ...changed.probes, streaming: 2 }
    })
    expect(judged(run).cause!.because).toMatch(/48 slaves and 2 of the harness’s own probes streaming/)
  })
})

it('figures are those of the timed phases; what was not measured is null', () => {
  const { figures } = judged(trial({ createUs: 3e6, bound: true }))
  expect(figures).toMatchObject({
    mailboxes: MAILBOXES,
    slaves: 20,
    dumpMs: 560,
    noopSlaveP99Us: null,
    createP99Us: 3e6,
    masterCores: 0.1,
    lowerBounds: ['createP99Us'],
  })
})
