import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { calibrationSchema } from '../../src/masters/model/calibration.js'
import { Workbench } from '../cli/bench.js'

let workbench: Workbench

beforeEach(() => {
  workbench = new Workbench()
})

afterEach(() => workbench.remove())

describe('mupdate-bench calibrate cyrus', () => {
  it('measures costs of the order that Cyrus has', async () => {
    const { status, stdout, stderr } = await workbench.bench([
      'calibrate',
      'cyrus',
      '--mailboxes',
      '2000',
      '-o',
      'c.json',
    ])
    expect(status, stderr).toBe(0)
    expect(stdout).toMatch(/^cyrus 3\.\d[\s\S]*dumpPerMailbox[\s\S]*written to c\.json\n$/)
    const calibration = calibrationSchema.parse(JSON.parse(readFileSync(join(workbench.directory, 'c.json'), 'utf8')))
    expect(calibration).toMatchObject({ mailboxes: 2000, master: { kind: 'cyrus' }, mergePerMailbox: null })
    const { costs } = calibration
    for (const [name, { p10, p50, p90, low, high, samples }] of Object.entries(costs)) {
      expect([p10, p50, p90, low, high].map(Number.isFinite), name).not.toContain(false)
      expect([p10 <= p50, p50 <= p90, low <= p50, p50 <= high], name).not.toContain(false)
      expect(samples, name).toBeGreaterThan(10)
    }
    // Generous: this machine is shared, and it is the order of magnitude that tells.
    const limits = {
      banner: [10, 5000],
      login: [50, 10_000],
      noop: [0, 20],
      find: [1, 200],
      reserve: [5, 2000],
      activate: [5, 2000],
      remove: [5, 2000],
      dumpPerMailbox: [1, 50],
      dumpTail: [0, 300_000],
      updatePerPending: [1, 200],
      logPerStream: [0.01, 50],
      kick: [0, 500],
      handOver: [1, 2000],
    }
    for (const [name, [from, to]] of Object.entries(limits)) {
      const { p50 } = costs[name as keyof typeof limits]
      expect(p50, name).toBeGreaterThanOrEqual(from!)
      expect(p50, name).toBeLessThanOrEqual(to!)
    }
    expect(costs.find.p50).toBeLessThan(costs.activate.p50)
  })
})
