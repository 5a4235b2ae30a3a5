import { describe, expect, it } from 'vitest'
import type { SecondLine } from '../../src/metrics/second-line.js'
import { rowOf } from '../../src/report/page/columns.js'
import { decimated } from '../../src/report/page/decimate.js'
import { ALL_TIMED } from '../../src/report/page/page-data.js'
import { overlaid } from '../../src/report/page/overlay.js'
import { raised } from '../../src/report/page/raised.js'
import { coarsened, SlaveTracks } from '../../src/report/page/slave-states.js'
import { runPageData } from '../../src/report/run-page-data.js'
import { fullSecond, noFiles, syntheticRun, thrashing } from './synthetic-run.js'

describe('a second as a row', () => {
  it('holds what the line holds, under the names that charts look for', () => {
    const second = fullSecond(3)
    expect(rowOf(second)).toMatchObject({
      'noop.plain.p99': second.commands['NOOP.plain'].responseTimeUs!.p99,
      'create.offered': 50,
      'create.done': 49.987,
      'others.done': 49.987,
      'cpu.total': second.master!.meanCores,
      'thread.1000': second.master!.threads[0].runShare,
      'lag.max': second.propagationUs!.all!.max,
      'slaves.streaming': 60,
    })
  })

  it('has no value where nothing was measured, not a zero', () => {
    const { operations: _, commands: __, ...second } = fullSecond(0)
    const row = rowOf({
      ...second,
      operations: {},
      commands: {},
      offeredPerSecond: {},
      master: null,
      harness: null,
      propagationUs: null,
    })
    expect(Object.keys(row).sort()).toEqual(['operations.waiting', 'slaves.streaming'])
  })

  it('marks what is a lower bound', () => {
    const second = fullSecond(0)
    const noop = second.commands['NOOP.plain']!
    const responseTimeUs = { ...noop.responseTimeUs!, lowerBounds: ['p99' as const, 'max' as const] }
    const row = rowOf({ ...second, commands: { 'NOOP.plain': { ...noop, responseTimeUs } } })
    expect(Object.keys(row).filter(key => key.endsWith('.atLeast'))).toEqual([
      'noop.plain.p99.atLeast',
      'noop.plain.max.atLeast',
    ])
  })

  it('has nothing offered in a closed loop, nor where it was not recorded, but a zero where nothing was due', () => {
    const { offeredPerSecond, ...older } = fullSecond(0)
    const { responseTimeUs: _, ...closed } = older.operations.create!
    expect(rowOf({ ...older, operations: { create: closed }, offeredPerSecond: {} })).not.toHaveProperty([
      'create.offered',
    ])
    expect(rowOf(older as SecondLine)).not.toHaveProperty(['create.offered'])
    expect(rowOf({ ...older, offeredPerSecond: { setacl: offeredPerSecond.setacl! } })['create.offered']).toBe(0)
  })

  it('does not count what was refused as done', () => {
    const { operations, ...second } = fullSecond(0)
    const create = { ...operations.create, count: 40, failed: 20, unfinished: 20, ratePerSecond: 20 }
    expect(rowOf({ ...second, operations: { create } })['create.done']).toBe(0)
  })
})

describe('decimation', () => {
  const series = { times: [1, 2, 3, 4, 5], columns: { a: [3, 9, 1, null, 7], b: [null, null, null, null, 2] } }

  it('keeps the smallest and the largest of each span, in the order in which they came', () => {
    expect(decimated(series, 3)).toEqual({ times: [1, 3, 4, 5], columns: { a: [9, 1, 7, 7], b: [null, null, 2, 2] } })
  })

  it('keeps with each value whether it is a lower bound', () => {
    const columns = { a: [3, 9, 1, null, 7], 'a.atLeast': [null, 1, null, null, null] }
    expect(decimated({ times: series.times, columns }, 3).columns).toEqual({
      a: [9, 1, 7, 7],
      'a.atLeast': [1, null, null, null],
    })
  })

  it('leaves what is short as it was', () => expect(decimated(series, 1)).toEqual(series))
})

describe('runs laid over each other', () => {
  const run = (values: (number | null)[], bounds: (number | null)[]) => ({
    label: 'A',
    originS: 0,
    data: {
      ...runPageData(syntheticRun(), noFiles()),
      binS: 2,
      series: { times: values.map((_, i) => i + 1), columns: { k: values, 'k.atLeast': bounds } },
    },
  })
  const runs = [run([5, 9, null, 4], [null, 1, null, null])]

  it('keep the largest of what falls together, with its mark, or the smallest where less is worse', () => {
    expect(overlaid({ runs }, 'k').columns).toEqual({ 0: [9, 4], '0.atLeast': [1, null] })
    const dips = [run([60, 20, 60, 59, 58], [])]
    expect(overlaid({ runs: dips }, 'k').columns[0]).toEqual([60, 60, 58])
    expect(overlaid({ runs: dips }, 'k', 'least').columns[0]).toEqual([20, 59, 58])
  })
})

it('what reaches below a logarithmic axis is drawn on its bottom; gaps stay gaps', () => {
  const noPoint = undefined as unknown as null
  expect(raised([0, 999, 1000, 5000, null, noPoint], 1000)).toEqual([1000, 1000, 1000, 5000, null, undefined])
})

describe('slaves’ states', () => {
  it('follow what they met', () => {
    const tracks = new SlaveTracks()
    for (const [atMs, kind] of [
      [0, 'joined'],
      [10, 'dump'],
      [30, 'listed'],
      [30, 'ready'],
      [90, 'timed-out'],
      [95, 'connecting'],
    ] as const)
      tracks.add({ atMs, slave: 4, kind })
    expect(tracks.rows).toEqual([{ slave: 4, stepsMs: [0, 10, 20, 60, 5], states: 'cdstc' }])
    expect(tracks.counts()).toMatchObject({ c: 1, s: 0 })
  })

  it('keep every time-out when they are made coarser', () => {
    const row = { slave: 1, stepsMs: [0, 100, 1000, 5, 3000], states: 'cdtds' }
    const coarse = coarsened(row, 1000)
    expect(coarse.states).toContain('t')
    expect(coarse.states.at(-1)).toBe('s')
    expect(coarse.stepsMs.every(step => step % 1000 === 0)).toBe(true)
  })
})

describe('the page of a run', () => {
  it('has all seconds and all rows of a short one', () => {
    const seconds = Array.from({ length: 60 }, (_, i) => fullSecond(i))
    const data = runPageData(syntheticRun(), noFiles({ seconds, slaveMoves: thrashing(3, 60) }))
    expect(data.binS).toBe(1)
    expect(data.series.times).toHaveLength(60)
    expect(data.series.columns['noop.stream.max'][17]).toBe(seconds[17].commands['NOOP.stream'].responseTimeUs!.max)
    expect(data.slaves.rows).toHaveLength(3)
    expect(data.threads).toEqual([1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007])
    expect(data.series.columns['thread.others'][17]).toBeGreaterThan(0)
    expect(data.series.columns['thread.1008']).toBeUndefined()
  })

  it('shades what was pegged, not the sample in between', () => {
    const second = fullSecond(0)
    const spans: [number, number][] = [
      [0, 250],
      [250.4, 500],
      [750, 1000],
    ]
    const seconds = [{ ...second, master: { ...second.master!, peggedSpansMs: spans } }]
    expect(runPageData(syntheticRun(), noFiles({ seconds })).pegged).toEqual([
      [0, 0.5],
      [0.75, 1],
    ])
  })

  it('says of each curve how many in it never ended', () => {
    const run = syntheticRun()
    const metric = { count: 9, failed: 0, unfinished: 3, ratePerSecond: 1 }
    const phase = (name: string, ended: 'duration' | 'condition') => ({
      ...{
        name,
        ended,
        startMs: 0,
        durationMs: 1,
        listedRecords: null,
        master: null,
        harnessCpuMs: null,
        hostFullMs: null,
      },
      ...{ operations: {}, steps: {}, commands: { 'NOOP.stream': metric, 'NOOP.plain': { ...metric, unfinished: 0 } } },
    })
    const phases = [phase('load', 'condition'), phase('calm', 'duration'), phase('storm', 'duration')]
    const curve = (scope: string, metric: string) => ({
      ...{ scope, metric, time: 'response' as const },
      ...{ count: 9, inverse: [9], us: [1] },
    })
    const curves = [curve(ALL_TIMED, 'NOOP.stream'), curve('storm', 'NOOP.stream'), curve('storm', 'NOOP.plain')]
    const drawn = runPageData({ ...run, phases }, noFiles({ curves })).curves
    expect(drawn.map(({ unfinished }) => unfinished)).toEqual([6, 3, undefined])
  })

  it('counts slaves by state where they are too many for rows', () => {
    const seconds = Array.from({ length: 20 }, (_, i) => fullSecond(i))
    const data = runPageData(syntheticRun(), noFiles({ seconds, slaveMoves: thrashing(201, 20) }))
    expect(data.slaves).toMatchObject({ count: 201, rows: [] })
    const at = (name: string) => data.series.columns[`state.${name}`][12]!
    const names = ['gone', 'streaming', 'merging', 'connecting', 'dumping', 'lost', 'timed out']
    expect(names.reduce((sum, name) => sum + at(name), 0)).toBe(201)
    expect(at('timed out')).toBeGreaterThan(0)
  })

  it('says why there is no CPU of a simulated master, and no slaves of an older run', () => {
    const run = syntheticRun({ simulated: true })
    const { missing } = runPageData(run, noFiles({ slaveMoves: undefined }))
    expect(missing.cpu).toContain('model')
    expect(missing.slaves).toContain('before slaves.ndjson')
  })
})
