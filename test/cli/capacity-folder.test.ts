import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  type CapacityPlan,
  createCapacityFolder,
  dropTornLine,
  noteTrial,
  readCapacityFolder,
} from '../../src/cli/capacity-folder.js'
import type { CapacityJournalLine } from '../../src/metrics/capacity-result.js'

const root = mkdtempSync(join(tmpdir(), 'mupdate-bench-journal-'))
afterAll(() => rmSync(root, { recursive: true }))

const PLAN: CapacityPlan = {
  schema: 'mupdate-bench/capacity-journal/1',
  id: 'abcdef',
  startedAt: '2026-11-28T00:00:00Z',
  profile: { name: 'capacity', seed: 1 },
  axes: ['slaves'],
  objective: [],
  budgetMs: 60_000,
  lostMs: 0,
  from: null,
  to: null,
  master: null,
  calibration: null,
  agents: null,
}

function lineOf(value: number): CapacityJournalLine {
  return {
    trial: {
      axis: 'slaves',
      at: null,
      value,
      length: 'short',
      seed: 1,
      outcome: 'held',
      marginal: false,
      objective: [],
      cause: null,
      figures: {
        mailboxes: 1000,
        slaves: value,
        dumpMs: null,
        noopSlaveP99Us: null,
        createP99Us: null,
        masterCores: null,
        masterRssBytes: null,
        lowerBounds: [],
      },
      durationMs: 1000,
      run: `trials/${value}`,
    },
    master: { kind: 'simulated', version: '3.6.1', mailboxDatabase: 'twoskip', settings: {} },
  }
}

describe('the journal of a search', () => {
  it('goes on behind a line that was cut off, as often as it has to', () => {
    const folder = join(root, 'search')
    createCapacityFolder(folder, PLAN, 'seed: 1\n')
    noteTrial(folder, lineOf(1))
    for (const value of [2, 3]) {
      appendFileSync(join(folder, 'journal.ndjson'), '{"trial":{"axis":"sl')
      expect(readCapacityFolder(folder).lines).toHaveLength(value - 1)
      dropTornLine(folder)
      noteTrial(folder, lineOf(value))
    }
    expect(readCapacityFolder(folder).lines.map(({ trial }) => trial.value)).toEqual([1, 2, 3])
    expect(readFileSync(join(folder, 'journal.ndjson'), 'utf8')).toMatch(/\}\n$/)
  })

  it.runIf(process.platform === 'linux')('is refused where no folder can be', () => {
    expect(() => createCapacityFolder('/proc/nowhere', PLAN, '')).toThrow('cannot write results to /proc/nowhere')
  })
})
