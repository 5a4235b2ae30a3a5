import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { prepareGate } from '../../src/cli/gate-prepare.js'
import { Progress } from '../../src/cli/progress.js'
import type { RunResult } from '../../src/metrics/run-result.js'
import { loadProfile } from '../../src/profile/load.js'
import { describeHost } from '../../src/samplers/host.js'
import { type Figures, measuredRun } from '../verdict/measured-run.js'
import { Workbench } from './bench.js'

let workbench: Workbench

beforeEach(() => {
  workbench = new Workbench()
})

afterEach(() => workbench.remove())

/** A run as `run` leaves it, which never was. */
function store(folder: string, run: RunResult): void {
  mkdirSync(join(workbench.directory, folder), { recursive: true })
  workbench.file(join(folder, 'run.json'), JSON.stringify(run))
  workbench.file(join(folder, 'profile.yaml'), loadProfile(workbench.profile).yaml)
}

const QUICK: Figures = { cpuMsLists: 3600, cpuMsCreates: 4000, listUs: 300_000, creates: 10_000 }
/** The same work takes a third longer. */
const SLOW: Figures = { cpuMsLists: 4800, cpuMsCreates: 5300, listUs: 400_000, creates: 7500 }
/** The fewest with which four measures can decide. */
const FIVE = 5

/** Runs that lie some per mille apart. */
function storeSet(set: string, figures: Figures, change: (run: RunResult, i: number) => void = () => {}): void {
  for (let i = 0; i < FIVE; i++) {
    const scattered = Object.entries(figures).map(([name, value]) => [name, Math.round(value * (1 + i / 1000))])
    store(
      join(set, `run-${i}`),
      measuredRun(Object.fromEntries(scattered), run => {
        run.harness.host = { cpuModel: 'A CPU', cores: 2 }
        change(run, i)
      }),
    )
  }
}

describe('compare', () => {
  it.each([
    { of: 'the same', figures: QUICK, status: 0, says: /^PASS/ },
    { of: 'a slower one', figures: SLOW, status: 4, says: /^FAIL.*CPU, 10k creates: 3\d % worse/s },
  ])('of $of ends with $status', async ({ figures, status, says }) => {
    storeSet('a', QUICK)
    storeSet('b', figures)
    const ended = await workbench.bench(['compare', 'a', '--', 'b'])
    expect(ended).toMatchObject({ status, stdout: expect.stringMatching(says) })
  })

  it.each([
    { where: 'between the sets', figures: SLOW, moved: /^b/ },
    { where: 'within A', figures: SLOW, moved: /^a3/ },
    { where: 'within B, of no other speed', figures: QUICK, moved: /^b4/ },
  ])('of runs of different hosts, $where, is not sure (6)', async ({ figures, moved }) => {
    for (const [set, speed] of Object.entries({ a: QUICK, b: figures }))
      storeSet(set, speed, (run, i) => {
        if (moved.test(`${set}${i}`)) run.harness.host.cores = 4
      })
    const { status, stdout } = await workbench.bench(['compare', 'a', '--', 'b', '--json'])
    const { result, reasons } = JSON.parse(stdout)
    expect(reasons[0]).toMatch(/^the runs are of different hosts \(. × A CPU; . × A CPU\): the ratio is of hosts too$/)
    expect(result).toBe('inconclusive')
    expect(status).toBe(6)
  })

  it('of simulated runs does not ask what host simulated them', async () => {
    for (const [set, cores] of Object.entries({ a: 2, b: 4 }))
      storeSet(set, QUICK, run => {
        run.master.kind = 'simulated'
        run.harness.host.cores = cores
      })
    expect(await workbench.bench(['compare', 'a', '--', 'b'])).toMatchObject({ status: 0 })
  })
})

/** The embedded master, as another version of ours had it. */
const OLDER = {
  kind: 'embedded',
  version: 'embedded 0.0.1',
  mailboxDatabase: 'memory',
  settings: { connectionsMax: '20000' },
  binaries: {},
} as const

function storeBaseline(set: string, change: (run: RunResult, i: number) => void = () => {}): void {
  storeSet(set, QUICK, (run, i) => {
    const { cpuModel, cores } = describeHost()
    run.harness.host = { cpuModel, cores }
    run.master = { ...run.master, ...OLDER }
    change(run, i)
  })
}

describe('gate --baseline', () => {
  const silent = { isTTY: false, write: () => true } as unknown as NodeJS.WriteStream

  it('looks at the hosts of all its runs', async () => {
    storeBaseline('here')
    storeBaseline('there', (run, i) => {
      if (i === 3) run.harness.host = { cpuModel: 'A CPU', cores: 2 }
    })
    const flags = { b: 'embedded', aSet: [], bSet: [], set: [], allowLoad: [], allowMutations: [] }
    const doubts = async (set: string) => {
      const baseline = join(workbench.directory, set)
      return (await prepareGate(workbench.profile, { ...flags, baseline }, new Progress(silent, true))).doubts
    }
    expect(await doubts('here')).toEqual([])
    expect(await doubts('there')).toEqual([expect.stringContaining('the baseline is of another host (2 × A CPU; this')])
  })
})

describe('a gate', () => {
  const folder = 'results/small/x.gate'

  beforeEach(() => {
    for (const side of ['a', 'b']) storeSet(join(folder, side, 'small'), QUICK)
    workbench.file(join(folder, 'gate.json'), '{}')
  })

  it.each([
    { args: ['compare', folder, '--', 'other'] },
    { args: ['compare', 'results', '--', 'other', '--allow-different'] },
    { args: ['baseline', 'save', 'kept', folder] },
    { args: ['trend', folder] },
    { args: ['gate', 'small.yaml', '--baseline', folder, '--b', 'embedded'] },
  ])('is no set of runs: $args, 2', async ({ args }) => {
    storeSet('other', QUICK)
    const { status, stderr } = await workbench.bench(args)
    expect(stderr).toContain(`${folder} is a gate: runs of its two sides are no set`)
    expect(stderr).toContain(`give one side of it: ${folder}/a or ${folder}/b`)
    expect(status).toBe(2)
    expect(existsSync(join(workbench.directory, 'kept'))).toBe(false)
  })

  it('has two that are', async () => {
    const compared = await workbench.bench(['compare', `${folder}/a`, '--', `${folder}/b`])
    expect(compared).toMatchObject({ status: 0, stdout: expect.stringMatching(/^PASS/) })
  })

  it('is left out of a history that it lies in, whatever its name (0)', async () => {
    storeSet('results/small', QUICK)
    cpSync(join(workbench.directory, folder), join(workbench.out, 'small/last'), { recursive: true })
    const { status, stdout } = await workbench.bench(['trend', 'results', '--json'])
    expect(JSON.parse(stdout).histories.map(foldersOf)).toEqual([[0, 1, 2, 3, 4].map(i => `results/small/run-${i}`)])
    expect(status).toBe(0)
  })

  it('that was killed before its first pair has runs that were discarded, and are no set’s', async () => {
    storeSet('killed/a/small', QUICK)
    store('killed/discarded/b-run', measuredRun())
    const { status, stdout } = await workbench.bench(['trend', 'killed', '--json'])
    expect(JSON.parse(stdout).histories.map(foldersOf)).toEqual([[0, 1, 2, 3, 4].map(i => `killed/a/small/run-${i}`)])
    expect(status).toBe(0)
  })
})

function foldersOf({ runs }: { readonly runs: readonly { readonly folder: string }[] }): string[] {
  return runs.map(run => run.folder).sort()
}

describe('runs of two builds', () => {
  /** The third is of another build; where programs lie is no matter. */
  const mixed = (run: RunResult, i: number) => {
    run.master.binaries = { [`/opt/${i}/mupdate`]: i === 2 ? 'another' : 'the same' }
  }

  it('are no side of a comparison (2), unless it is said that they may be (0)', async () => {
    storeSet('a', QUICK, (run, i) => mixed(run, i === 2 ? 0 : i))
    storeSet('b', QUICK, mixed)
    const refused = await workbench.bench(['compare', 'a', '--', 'b'])
    expect(refused.stderr).toContain('b/run-0 and b/run-2 are not of one master')
    expect(refused.status).toBe(2)
    expect(await workbench.bench(['compare', 'a', '--', 'b', '--allow-different'])).toMatchObject({ status: 0 })
  })

  it('are no baseline to keep, and none to measure against (2)', async () => {
    storeSet('runs', QUICK, mixed)
    const kept = await workbench.bench(['baseline', 'save', 'kept', 'runs'])
    expect(kept).toMatchObject({ status: 2, stderr: expect.stringContaining('not of one master') })
    expect(existsSync(join(workbench.directory, 'kept'))).toBe(false)
    storeBaseline('kept', mixed)
    const gate = await workbench.bench(['gate', 'small.yaml', '--baseline', 'kept', '--b', 'embedded'])
    expect(gate.stderr).toContain('kept/run-0 and kept/run-2 are not of one master')
    expect(gate.status).toBe(2)
  })
})

describe('baseline save', () => {
  it.each(['results/first/.', 'results/first/inside/..'])('keeps %s by its name, and spoils nothing', async given => {
    mkdirSync(join(workbench.directory, 'results/first/inside'), { recursive: true })
    store('results/first', measuredRun())
    const { status, stdout } = await workbench.bench(['baseline', 'save', 'baselines/kept', given])
    expect(stdout).toBe('1 runs in baselines/kept\n')
    expect(status).toBe(0)
    const baselines = readdirSync(join(workbench.directory, 'baselines'), { recursive: true }).sort()
    expect(baselines).toEqual(['kept', 'kept/first', 'kept/first/profile.yaml', 'kept/first/run.json'])
  })
})
