import { describe, expect, it } from 'vitest'
import { MEASURES } from '../../src/verdict/measures.js'
import type { RunResult } from '../../src/metrics/run-result.js'
import { measuredRun, timeOf } from './measured-run.js'

function read(name: string, run: RunResult) {
  return MEASURES.find(measure => measure.name === name)!.of(run)
}

describe('measures of a run', () => {
  it.each([
    { name: 'cpuPerCreates', value: 4 },
    { name: 'cpuPerDump', value: 1 },
    { name: 'dumpTime', value: 1 },
    { name: 'createRate', value: 2000 },
    { name: 'createP99', value: 2500 },
    { name: 'writeBytesPerCreate', value: 819.2 },
    { name: 'writeCallsPerCreate', value: 2 },
    { name: 'rssPerMailbox', value: 3000 },
    { name: 'rssPerSlave', value: 2e6 },
    { name: 'timeouts', value: 0 },
  ])('$name is $value', ({ name, value }) => {
    expect(read(name, measuredRun())).toEqual({ value: expect.closeTo(value, 6), isLowerBound: false })
  })

  it('come with what the harness used for the same work, where it is known', () => {
    const run = measuredRun({}, ({ phases }) => {
      for (const phase of phases) phase.harnessCpuMs = 720
    })
    expect(read('cpuPerCreates', run)?.harness).toBeCloseTo(0.072)
    expect(read('createRate', run)?.harness).toBeCloseTo(0.072)
    expect(read('cpuPerDump', run)?.harness).toBeCloseTo(0.002)
    expect(read('dumpTime', run)?.harness).toBeCloseTo(0.002)
    expect(read('cpuPerDump', measuredRun())).not.toHaveProperty('harness')
  })

  it('the four that decide are the steadiest, first', () => {
    const deciding = MEASURES.filter(({ gating }) => gating).map(({ name }) => name)
    expect(deciding).toEqual(['cpuPerCreates', 'cpuPerDump', 'dumpTime', 'createRate'])
    expect(new Set(MEASURES.map(({ name }) => name)).size).toBe(MEASURES.length)
  })

  it('are not there where nothing was measured, and never 0 for it', () => {
    const elsewhere = measuredRun({}, run => {
      for (const phase of run.phases) phase.master = null
      run.master.rssPeakBytes = null
    })
    for (const name of [
      'cpuPerCreates',
      'cpuPerDump',
      'writeBytesPerCreate',
      'flushesPerCreate',
      'rssPerMailbox',
      'rssPerSlave',
    ])
      expect(read(name, elsewhere), name).toBeUndefined()
    const idle = measuredRun({}, run => {
      run.phases = []
    })
    for (const name of ['cpuPerCreates', 'cpuPerDump', 'dumpTime', 'createRate', 'createP99'])
      expect(read(name, idle), name).toBeUndefined()
  })

  it('counts creates that were answered, not those that were asked for', () => {
    const failing = measuredRun({}, run => {
      const create = run.phases[2]!.operations.create!
      create.failed = 3000
      create.unfinished = 2000
    })
    expect(read('createRate', failing)?.value).toBe(1000)
    expect(read('cpuPerCreates', failing)?.value).toBe(8)
  })

  it('takes creates of an open model where there is no closed loop, and then has no rate', () => {
    const open = measuredRun({}, run => {
      run.phases.splice(2, 1)
    })
    expect(read('cpuPerCreates', open)?.value).toBeCloseTo(0.5 / 0.04)
    expect(read('createRate', open)).toBeUndefined()
  })

  it('says where a time is a lower bound', () => {
    const hung = measuredRun({}, run => {
      run.phases[3]!.operations.create!.responseTimeUs = timeOf(9e6, ['p99', 'max'])
    })
    expect(read('createP99', hung)).toEqual({ value: 9e6, isLowerBound: true })
  })
})
