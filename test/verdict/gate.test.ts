import { describe, expect, it } from 'vitest'
import { drawNormal, entityRandom } from '../../src/core/random.js'
import type { RunResult } from '../../src/metrics/run-result.js'
import { compareMeasure, LEVEL } from '../../src/verdict/comparison.js'
import { NO_ALLOWANCE } from '../../src/verdict/damage.js'
import { type GateOptions, judgeGate, tooFew } from '../../src/verdict/gate.js'
import { MEASURES } from '../../src/verdict/measures.js'
import { type Figures, measuredRun } from './measured-run.js'

const PAIRED: GateOptions = {
  measures: MEASURES.filter(({ gating }) => gating),
  gating: new Set(['cpuPerCreates', 'cpuPerDump', 'dumpTime', 'createRate']),
  paired: true,
  allowance: NO_ALLOWANCE,
}

/** Runs whose figures scatter by 2 %, and are slower by a share. */
function runs(count: number, seed: number, slower = 0, change: (run: RunResult) => void = () => {}): RunResult[] {
  const random = entityRandom(seed, 'runs', 0)
  return Array.from({ length: count }, () => {
    const noisy = (value: number) => value * (1 + slower) * Math.exp(0.02 * drawNormal(random))
    const figures: Figures = {
      cpuMsLists: noisy(3600),
      cpuMsCreates: noisy(4000),
      listUs: noisy(300_000),
      creates: 1e8 / noisy(10_000),
    }
    return measuredRun(figures, change)
  })
}

/**
 * Creates' CPU of A, which is always the same, and of B, which the machine's mood changes with the harness's own.
 *
 * @param slower B is, and the harness needs a third more than that beside the mood
 */
function moodyGate(moods: readonly number[], slower: number, ofMaster = (mood: number) => mood) {
  const side = (isB: boolean) =>
    moods.map((mood, i) => {
      const cpuMsCreates = 4000 * (1 + 0.001 * i) * (isB ? Math.exp(0.75 * ofMaster(mood)) * (1 + slower) : 1)
      return measuredRun({ cpuMsCreates }, run => {
        for (const phase of run.phases) phase.harnessCpuMs = 1000 * (isB ? Math.exp(mood) * (1 + slower) ** (4 / 3) : 1)
      })
    })
  const { metrics } = judgeGate(side(false), side(true), { ...PAIRED, gating: new Set(['cpuPerCreates']) })
  return metrics.find(({ name }) => name === 'cpuPerCreates')!
}

function resultOf(name: string, { metrics }: ReturnType<typeof judgeGate>) {
  return metrics.find(metric => metric.name === name)?.result
}

describe('a gate', () => {
  it('passes the same, with each measure that decides', () => {
    const verdict = judgeGate(runs(10, 1), runs(10, 2), PAIRED)
    expect(verdict.result).toBe('pass')
    expect(verdict.reasons).toHaveLength(4)
    expect(verdict.metrics.filter(({ gating }) => gating).map(({ result }) => result)).toEqual(Array(4).fill('pass'))
  })

  it('finds 20 % with all of them, in both directions', () => {
    const [fast, slow] = [runs(10, 1), runs(10, 2, 0.2)]
    const worse = judgeGate(fast, slow, PAIRED)
    expect(worse.result).toBe('fail')
    expect(worse.reasons).toHaveLength(4)
    for (const metric of worse.metrics.filter(({ gating }) => gating)) {
      expect(metric.result).toBe('regression')
      expect(metric.pAdjusted).toBeCloseTo(4 / 1024)
    }
    const better = judgeGate(slow, fast, PAIRED)
    expect(better.result).toBe('pass')
    expect(resultOf('createRate', better)).toBe('improvement')
  })

  it('takes out what the machine added, as the harness’s own CPU shows it', () => {
    const moody = (seed: number, slower = 0, harnessMore = 0, mood = 0.15) => {
      const random = entityRandom(seed, 'mood', 0)
      return runs(12, seed).map(({ phases, ...run }) => {
        const factor = Math.exp(mood * drawNormal(random))
        const cpu = factor ** 0.75 * (1 + slower)
        const changed = phases.map(({ master, ...phase }) => ({
          ...phase,
          harnessCpuMs: 1000 * factor * (1 + harnessMore),
          master: master === null ? null : { ...master, cpuMs: master.cpuMs * cpu },
        }))
        return { ...run, phases: changed }
      })
    }
    const creates = (a: RunResult[], b: RunResult[]) =>
      judgeGate(a, b, PAIRED).metrics.find(({ name }) => name === 'cpuPerCreates')!
    const same = creates(moody(1), moody(2))
    expect(same).toMatchObject({ result: 'pass', harness: { used: true, share: 0.75 } })
    const blind = moody(2).map(run => ({ ...run, phases: run.phases.map(each => ({ ...each, harnessCpuMs: null })) }))
    expect(creates(moody(1), blind)).toMatchObject({ result: 'inconclusive', harness: null })
    expect(creates(moody(1), moody(2, 0.1))).toMatchObject({ result: 'regression', ratio: expect.closeTo(1.1, 1) })
    // B may be why the harness needs more: then nothing is taken out, and a regression is none the smaller for it.
    expect(creates(moody(1, 0, 0, 0.01), moody(2, 0.08, 0.1, 0.01))).toMatchObject({
      result: 'regression',
      ratio: expect.closeTo(1.08, 1),
      harness: { used: false, ratio: expect.closeTo(1.1, 1) },
    })
  })

  it('takes nothing out that makes pairs differ more', () => {
    const random = entityRandom(1, 'own mood', 0)
    const moody = (seed: number) =>
      runs(10, seed).map(({ phases, ...run }) => {
        const harnessCpuMs = 1000 * Math.exp(0.1 * drawNormal(random))
        return { ...run, phases: phases.map(phase => ({ ...phase, harnessCpuMs })) }
      })
    const verdict = judgeGate(moody(1), moody(2), PAIRED)
    expect(verdict.metrics[0]).toMatchObject({ result: 'pass', harness: { used: false } })
  })

  it.each([1, 2, 3])('keeps its level exactly, whatever the harness’s CPU has to do with the measure: %i', seed => {
    const random = entityRandom(seed, 'level', 0)
    const pairs = Array.from({ length: 8 }, () => {
      const mood = 0.3 * drawNormal(random)
      return { harness: Math.exp(mood), master: Math.exp(mood + 0.2 * drawNormal(random)) }
    })
    // Of two equal sides each pair is as likely the other way round: all ways.
    const side = (factors: readonly { harness: number; master: number }[]) =>
      factors.map(({ harness, master }) =>
        measuredRun({ cpuMsCreates: 4000 * master }, run => {
          for (const phase of run.phases) phase.harnessCpuMs = 1000 * harness
        }),
      )
    const same = { harness: 1, master: 1 }
    let rare = 0
    for (let flips = 0; flips < 2 ** pairs.length; flips++) {
      const isFlipped = (i: number) => (flips & (1 << i)) !== 0
      const a = side(pairs.map((pair, i) => (isFlipped(i) ? pair : same)))
      const b = side(pairs.map((pair, i) => (isFlipped(i) ? same : pair)))
      if (compareMeasure(MEASURES[0]!, a, b, { paired: true, family: 1 })!.p <= LEVEL) rare++
    }
    expect(rare / 2 ** pairs.length).toBeLessThanOrEqual(LEVEL)
    expect(rare).toBeGreaterThan(0)
  })

  it('takes nothing out where pairs are too few to tell whether the harness’s own CPU differs', () => {
    const measured = (seed: number) =>
      runs(5, seed).map(run => ({
        ...run,
        phases: run.phases.map(phase => ({ ...phase, harnessCpuMs: 1000 })),
      }))
    const options = { ...PAIRED, gating: new Set(['cpuPerCreates']) }
    const [cpu] = judgeGate(measured(1), measured(2), options).metrics
    expect(cpu).toMatchObject({ name: 'cpuPerCreates', harness: { used: false, p: 1 } })
  })

  it('judges a rate by what becomes less', () => {
    const fewer = runs(10, 2).map(run => ({
      ...run,
      phases: run.phases.map(phase => ({ ...phase, durationMs: 7000 })),
    }))
    const verdict = judgeGate(runs(10, 1), fewer, PAIRED)
    const rate = verdict.metrics.find(({ name }) => name === 'createRate')
    expect(rate).toMatchObject({ result: 'regression', ratio: expect.closeTo(5 / 7, 1) })
    expect(resultOf('cpuPerDump', verdict)).toBe('pass')
  })

  it('calls nothing a regression that is less than its minimum effect, however sure it is', () => {
    const verdict = judgeGate(runs(10, 1), runs(10, 1, 0.03), PAIRED)
    expect(verdict.result).toBe('pass')
    expect(verdict.metrics[0]).toMatchObject({ p: expect.closeTo(1 / 1024), ratio: expect.closeTo(1.03) })
  })

  it('is inconclusive where the noise would hide a regression, and says from where on it would be seen', () => {
    const random = entityRandom(5, 'wild', 0)
    const wild = () => measuredRun({ cpuMsLists: 3600 * Math.exp(0.3 * drawNormal(random)) })
    const verdict = judgeGate(Array.from({ length: 10 }, wild), Array.from({ length: 10 }, wild), PAIRED)
    expect(verdict.result).toBe('inconclusive')
    expect(verdict.reasons).toHaveLength(1)
    expect(verdict.reasons[0]).toMatch(/list of 100k: .* from \d+ % on a regression would have been found/)
  })

  it.each<{ what: string; kind: string; change: (run: RunResult) => void }>([
    {
      what: 'a crash',
      kind: 'restarted',
      change: run => {
        run.master.restarts = 1
      },
    },
    {
      what: 'a lost mailbox',
      kind: 'mailboxes were lost',
      change: run => {
        run.slaves.comparisons = [
          {
            phase: 'converge',
            failure: null,
            followed: 12,
            convergeMs: 1,
            away: [],
            openMailboxes: 0,
            differenceCount: 1,
          },
        ]
      },
    },
    {
      what: 'a slave that did not come through',
      kind: 'did not come through',
      change: run => {
        run.slaves.comparisons = [
          {
            phase: 'converge',
            failure: null,
            followed: 11,
            convergeMs: 1,
            away: [3],
            openMailboxes: 0,
            differenceCount: 0,
          },
        ]
      },
    },
    {
      what: 'an operation that was refused',
      kind: 'answered NO or BAD',
      change: run => {
        run.total.operations.create = { count: 100, failed: 1, unfinished: 0, ratePerSecond: 1 }
      },
    },
    {
      what: 'a failure that only the verdict knows',
      kind: 'the master lists 29990',
      change: run => {
        run.verdict.failures = ['the master lists 29990 mailboxes, not 30000']
      },
    },
    {
      what: 'a thrash',
      kind: 'thrashed',
      change: run => {
        run.slaves.thrash.state = 'sustained'
      },
    },
  ])('calls $what in B alone a regression, also in an invalid run', ({ kind, change }) => {
    const b = runs(10, 2)
    change(b[3]!)
    b[3]!.verdict.result = 'invalid'
    const verdict = judgeGate(runs(10, 1), b, PAIRED)
    expect(verdict.result).toBe('fail')
    expect(verdict.reasons[0]).toMatch(/^only in B: /)
    expect(verdict.reasons[0]).toContain(kind)
    expect(verdict.reasons[0]).toContain('1 of 10')
    expect(judgeGate(b, runs(10, 1), PAIRED).result, 'in A it is no reason to pass either').toBe('inconclusive')
  })

  it('does not pass what was not measured, nor what is a lower bound', () => {
    const unseen = runs(10, 2)
    for (const run of unseen.slice(0, 2)) for (const phase of run.phases) phase.master = null
    expect(judgeGate(runs(10, 1), unseen, PAIRED)).toMatchObject({ result: 'inconclusive' })
    for (const run of unseen) for (const phase of run.phases) phase.master = null
    const none = judgeGate(runs(10, 1), unseen, PAIRED)
    expect(none).toMatchObject({
      result: 'inconclusive',
      reasons: ['cpuPerCreates: not measured', 'cpuPerDump: not measured'],
    })
    const hung = runs(10, 2, 0, run => {
      run.phases[1]!.commands.UPDATE!.serviceTimeUs!.lowerBounds = ['p50']
    })
    expect(resultOf('dumpTime', judgeGate(runs(10, 1), hung, PAIRED))).toBe('inconclusive')
    const slower = judgeGate(hung, runs(10, 1, 0.5), PAIRED)
    expect(resultOf('dumpTime', slower), 'A may have been as slow').toBe('inconclusive')
    expect(judgeGate([], [], PAIRED).result).toBe('inconclusive')
    expect(judgeGate(runs(10, 1), runs(10, 2), { ...PAIRED, gating: new Set() }).result).toBe('inconclusive')
  })

  it('counts what was broken in runs whose figures say nothing', () => {
    const [crashed] = runs(1, 3, 0, run => {
      run.master.restarts = 1
    })
    const verdict = judgeGate(runs(10, 1), runs(10, 2), { ...PAIRED, apart: { a: [], b: [crashed!] } })
    expect(verdict).toMatchObject({
      result: 'fail',
      reasons: [expect.stringContaining('the master was restarted in 1 of 11')],
    })
  })

  it('excuses no failure in B by one of another kind in A', () => {
    const failing =
      (reason: string, change: (run: RunResult) => void = () => {}) =>
      (run: RunResult) => {
        run.verdict = { result: 'fail', reasons: [reason], failures: [reason], thresholds: [] }
        change(run)
      }
    const thrashing = failing('frontends thrash', run => {
      run.slaves.thrash.state = 'sustained'
    })
    const verdict = judgeGate(runs(10, 1, 0, thrashing), runs(10, 2, 0, failing('mailboxes are not there')), PAIRED)
    expect(verdict).toMatchObject({ result: 'fail', reasons: [expect.stringContaining('mailboxes are not there')] })
  })

  it('counts masters that do not start: one may have met a busy host, two are a finding, in B alone', () => {
    const gate = (a: number, b: number) =>
      judgeGate(runs(10, 1), runs(10, 2), { ...PAIRED, failedStarts: { a, b } }).result
    expect([gate(0, 0), gate(0, 1), gate(0, 2), gate(1, 2), gate(2, 1)]).toEqual([
      'pass',
      'inconclusive',
      'fail',
      'inconclusive',
      'pass',
    ])
  })

  it('is not judged by its figures before it is whole, nor where the sides are no pair; by what is broken it is', () => {
    const [a, slow] = [runs(10, 1), runs(10, 2, 0.2)]
    const [crashed] = runs(1, 3, 0, run => {
      run.master.restarts = 1
    })
    for (const change of [{ isPartial: true }, { doubts: ['the baseline is of another host'] }]) {
      const verdict = judgeGate(a, slow, { ...PAIRED, ...change })
      expect(verdict.result).toBe('inconclusive')
      expect(verdict.reasons.join()).toMatch(/list of 100k: 2\d % worse/)
      expect(judgeGate(a, [...slow.slice(1), crashed!], { ...PAIRED, ...change }).result).toBe('fail')
    }
    expect(judgeGate(a, runs(10, 2), { ...PAIRED, doubts: ['the baseline is of another host'] })).toMatchObject({
      result: 'inconclusive',
      reasons: ['the baseline is of another host'],
    })
  })

  it('does not pass what only the harness’s own CPU explains: B may be why it needs more', () => {
    // B needs so much more, and the harness too, which the machine's moods hide.
    const gate = (slower: number) =>
      moodyGate([-0.2, 0.2, 0.15, -0.15, 0.1, -0.1, 0.2, -0.2, -0.15, 0.15, 0.1, -0.1], slower)
    expect(gate(0)).toMatchObject({ result: 'pass', harness: { used: true } })
    const explained = gate(0.06)
    expect(explained).toMatchObject({ result: 'inconclusive', harness: { used: true } })
    expect(explained.ratio).toBeLessThan(1.05)
    expect(explained.measuredRatio).toBeCloseTo(1.06)
  })

  it('calls nothing worse that only the harness’s need of less CPU makes so', () => {
    const cpu = moodyGate([-0.1, -0.11, -0.09, -0.1, -0.11, -0.09, -0.1, -0.11, -0.09, 0.2, 0.21, 0.19], 0, mood =>
      Math.max(0, mood),
    )
    expect(cpu).toMatchObject({ harness: { used: true }, result: 'inconclusive' })
    expect(cpu.p).toBeLessThan(0.05)
    expect(cpu.ratio).toBeGreaterThan(1.05)
    expect(cpu.reason).toMatch(/as measured: the harness needed less CPU with B/)
  })

  it('blames nobody for what the profile means to happen', () => {
    const restarted = (count: number) =>
      runs(10, count, 0, run => {
        run.master.restarts = count
        run.slaves.thrash.state = 'sustained'
      })
    const allowance = { restarts: 1, expects: ['thrash' as const] }
    expect(judgeGate(restarted(1), restarted(1), { ...PAIRED, allowance }).result).toBe('pass')
    expect(judgeGate(restarted(1), restarted(2), { ...PAIRED, allowance }).reasons[0]).toMatch(
      /^only in B: .*restarted/,
    )
  })

  it('takes a failure that no threshold explains for damage, and a threshold for none', () => {
    const threshold = { threshold: 'slaves.timeouts == 0', result: 'fail' as const, reason: 'slaves.timeouts == 0: 3' }
    const failing = (reasons: string[]) =>
      runs(10, 2, 0, run => {
        run.verdict = { result: 'fail', reasons, thresholds: [threshold] }
      })
    expect(judgeGate(runs(10, 1), failing([threshold.reason]), PAIRED).result).toBe('pass')
    const lost = judgeGate(runs(10, 1), failing(['the master was lost and did not come back']), PAIRED)
    expect(lost.reasons[0]).toMatch(/^only in B: the run failed .* 10 of 10 runs: the master was lost/)
  })

  it('wants the minimum effect of counts too', () => {
    const some = (count: number) => (run: RunResult) => {
      run.slaves.timeouts = count
    }
    const counts = { ...PAIRED, measures: MEASURES, gating: new Set(['timeouts']) }
    expect(judgeGate(runs(10, 1, 0, some(0)), runs(10, 2, 0, some(0)), counts).result).toBe('pass')
    expect(judgeGate(runs(10, 1, 0, some(0)), runs(10, 2, 0, some(3)), counts).result).toBe('fail')
    expect(judgeGate(runs(10, 1, 0, some(3)), runs(10, 2, 0, some(0)), counts).result).toBe('inconclusive')
  })

  it('judges stored runs without pairing them', () => {
    const unpaired = { ...PAIRED, paired: false }
    expect(judgeGate(runs(10, 1), runs(12, 2), unpaired).result).toBe('pass')
    const verdict = judgeGate(runs(10, 1), runs(12, 2, 0.1), unpaired)
    expect(verdict.result).toBe('fail')
    expect(resultOf('cpuPerDump', verdict)).toBe('regression')
  })

  it('finds what it says it would find, about as often as it says', () => {
    const { metrics } = judgeGate(runs(10, 1), runs(10, 2), PAIRED)
    const { smallestDetectable } = metrics.find(({ name }) => name === 'cpuPerDump')!
    expect(smallestDetectable).toBeGreaterThan(0.05)
    expect(smallestDetectable).toBeLessThan(0.09)
    let found = 0
    for (let seed = 10; seed < 40; seed++) {
      const verdict = judgeGate(runs(10, 2 * seed), runs(10, 2 * seed + 1, smallestDetectable!), PAIRED)
      if (resultOf('cpuPerDump', verdict) === 'regression') found++
    }
    expect(found).toBeGreaterThanOrEqual(18)
  })
})

describe('too few runs', () => {
  it.each([
    { a: 10, b: 10, paired: true, family: 4, is: undefined },
    { a: 7, b: 7, paired: true, family: 4, is: undefined },
    { a: 6, b: 6, paired: true, family: 4, is: /^6 pairs and 4 deciding measures .* 0\.063$/ },
    { a: 6, b: 6, paired: true, family: 1, is: undefined },
    { a: 5, b: 5, paired: true, family: 1, is: /^5 pairs are too few for a 95 % interval/ },
    { a: 4, b: 4, paired: true, family: 1, is: /0\.063/ },
    { a: 4, b: 4, paired: false, family: 1, is: undefined },
    { a: 3, b: 3, paired: false, family: 1, is: /^3 and 3 runs are too few/ },
    { a: 4, b: 4, paired: false, family: 4, is: /^4 and 4 runs .* 0\.057$/ },
  ])('$a and $b, paired $paired, of $family: $is', ({ a, b, paired, family, is }) => {
    const why = tooFew(a, b, paired, family)
    if (is === undefined) expect(why).toBeUndefined()
    else expect(why).toMatch(is)
  })
})
