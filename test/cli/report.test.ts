import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SecondLine } from '../../src/metrics/second-line.js'
import { tryRunReport } from '../../src/cli/try-run-report.js'
import { syntheticRun } from '../report/synthetic-run.js'
import { Workbench } from './bench.js'

let workbench: Workbench
let simulated: string

beforeAll(async () => {
  workbench = new Workbench()
  const { stderr } = await workbench.bench(['simulate', workbench.profile, '--out', workbench.out, '-q'])
  expect(stderr).toBe('')
  simulated = workbench.folder()
})

afterAll(() => workbench.remove())

/** A copy of the run, to be damaged. */
function copy(name: string): string {
  const path = join(workbench.directory, name)
  cpSync(simulated, path, { recursive: true })
  return path
}

describe('a simulation', () => {
  it('leaves a report that says that it is one', () => {
    const page = readFileSync(join(simulated, 'report.html'), 'utf8')
    expect(page).toContain('SIMULATED: no master ran')
    expect(page).toContain('"NOOP.plain"')
  })

  it('records what its slaves met, and what was offered', () => {
    const read = (name: string) => readFileSync(join(simulated, name), 'utf8').trim().split('\n')
    expect(read('slaves.ndjson').map(line => JSON.parse(line).kind)).toContain('ready')
    const seconds = read('series.ndjson').map(line => JSON.parse(line) as SecondLine)
    expect(seconds.some(({ offeredPerSecond }) => (offeredPerSecond.create ?? 0) > 0)).toBe(true)
    expect(seconds.every(({ master, harness }) => master === null && harness === null)).toBe(true)
    expect(read('intervals.hlog').some(line => line.startsWith('Tag=steady/NOOP.plain/response,'))).toBe(true)
  })
})

describe('mupdate-bench report', () => {
  it('writes it again, says where, and takes another place', async () => {
    const folder = copy('again')
    rmSync(join(folder, 'report.html'))
    const { status, stdout, stderr } = await workbench.bench(['report', folder])
    expect([status, stdout, stderr]).toEqual([0, `${join(folder, 'report.html')}\n`, ''])
    const elsewhere = join(workbench.directory, 'elsewhere.html')
    await workbench.bench(['report', folder, '-o', elsewhere])
    expect(readFileSync(elsewhere, 'utf8')).toBe(readFileSync(join(folder, 'report.html'), 'utf8'))
  })

  it('reports a run that was cut off in the middle of a line', async () => {
    const folder = copy('cut')
    const run = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'))
    writeFileSync(join(folder, 'run.json'), JSON.stringify({ ...run, state: 'running' }))
    for (const name of ['series.ndjson', 'slaves.ndjson', 'events.ndjson', 'intervals.hlog']) {
      const path = join(folder, name)
      truncateSync(path, readFileSync(path).length - 30)
    }
    const { status, stderr } = await workbench.bench(['report', folder])
    expect([status, stderr]).toEqual([0, ''])
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('CUT OFF')
  })

  it('reports a run of before there was anything but run.json', async () => {
    const folder = join(workbench.directory, 'old')
    mkdirSync(folder)
    cpSync(join(simulated, 'run.json'), join(folder, 'run.json'))
    const { status, stderr } = await workbench.bench(['report', folder])
    expect([status, stderr]).toEqual([0, ''])
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('before slaves.ndjson was written')
  })

  it.each([
    { what: 'no run', args: ['nowhere'], says: /no run in nowhere.*\n {2}→ give the folder of a run/ },
    { what: 'one of several that is none', args: () => [simulated, 'nowhere'], says: /no run in nowhere/ },
    {
      what: 'a place that is none',
      args: () => [simulated, '-o', '/proc/no/x.html'],
      says: /cannot write \/proc\/no\/x\.html/,
    },
    { what: 'no folder', args: [], says: /missing required argument/ },
  ])('refuses $what', async ({ args, says }) => {
    const { status, stdout, stderr } = await workbench.bench([
      'report',
      ...(typeof args === 'function' ? args() : args),
    ])
    expect(stderr).toMatch(says)
    expect(stderr).not.toMatch(/^ +at /m)
    expect([status, stdout]).toEqual([2, ''])
    expect(existsSync(join(workbench.directory, 'comparison.html'))).toBe(false)
  })

  it('passes over damaged lines, and says how many', async () => {
    const folder = copy('damaged')
    const path = join(folder, 'series.ndjson')
    writeFileSync(path, readFileSync(path, 'utf8').replace('\n', '\n{"atMs":1,\n{"atMs":2}\n'))
    const { status, stderr } = await workbench.bench(['report', folder])
    expect([status, stderr]).toEqual([0, ''])
    const page = readFileSync(join(folder, 'report.html'), 'utf8')
    expect(page).toContain('series.ndjson is damaged: 2 of its lines could not be read')
    expect(page).toContain('"create.done"')
  })

  it('of several is one page, here unless told otherwise', async () => {
    const { status, stdout } = await workbench.bench(['report', simulated, copy('other')])
    expect([status, stdout]).toEqual([0, 'comparison.html\n'])
    const page = readFileSync(join(workbench.directory, 'comparison.html'), 'utf8')
    expect(page).toContain('a comparison of 2 runs')
    rmSync(join(workbench.directory, 'comparison.html'))
  })
})

it('a report that cannot be written is said, and loses nothing', async () => {
  const warnings: string[] = []
  await tryRunReport('/proc/no/such/folder', syntheticRun(), text => warnings.push(text))
  expect(warnings).toEqual([
    expect.stringMatching(/^no report\.html: cannot write .*; try: mupdate-bench report \/proc/),
  ])
})

it('a report that fails leaves none from before to be taken for it', async () => {
  const folder = copy('stale')
  symlinkSync('/dev/full', join(folder, 'report.html.part'))
  const warnings: string[] = []
  await tryRunReport(folder, syntheticRun(), text => warnings.push(text))
  expect(warnings).toEqual([expect.stringContaining('ENOSPC')])
  expect(readdirSync(folder).filter(name => name.startsWith('report'))).toEqual([])
})
