import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newCounters } from '../../src/metrics/interval.js'
import type { MetricSummary } from '../../src/metrics/run-result.js'
import { csv, csvLine } from '../../src/report/csv.js'
import { readSeries, type SeriesPoint } from '../../src/report/read-series.js'
import { cutOffRun, NASTY, recordedRun } from './recorded.js'

const NOOP: MetricSummary = {
  count: 20,
  failed: 0,
  unfinished: 1,
  ratePerSecond: 19,
  serviceTimeUs: {
    count: 20,
    min: 1,
    mean: 2,
    p50: 90.5,
    p90: 3,
    p99: 4,
    p999: 5,
    max: 1e6,
    lowerBounds: ['p99', 'max'],
  },
}

function point(atMs: number, change: Partial<SeriesPoint> = {}): SeriesPoint {
  return {
    atMs,
    phase: 'steady',
    operations: {},
    commands: {},
    master: null,
    harness: null,
    counters: newCounters(),
    ...change,
  }
}

async function* from(points: readonly SeriesPoint[]): AsyncGenerator<SeriesPoint> {
  yield* points
}

/** Rows as objects; good for cells without line ends or commas. */
async function rowsOf(points: readonly SeriesPoint[], run = recordedRun()): Promise<Record<string, string>[]> {
  let text = ''
  for await (const line of csv(run, () => from(points))) text += line
  const [head, ...rows] = text.split('\r\n').map(line => line.split(','))
  expect(rows.pop()).toEqual([''])
  for (const row of rows) expect(row).toHaveLength(head!.length)
  return rows.map(row => Object.fromEntries(head!.map((name, column) => [name, row[column]!])))
}

describe('the table', () => {
  it('has a row per second, named columns, and nothing where nothing was measured', async () => {
    const rows = await rowsOf([point(1000), point(2000.5, { phase: 'drain', commands: { 'NOOP.plain': NOOP } })])
    expect(rows).toHaveLength(2)
    expect(rows[0]).toMatchObject({
      ...{ id: '7c215a', profile: 'bulk-500k', seed: '1', simulated: 'false', masterKind: 'cyrus', state: 'ended' },
      ...{
        atMs: '1000',
        phase: 'steady',
        'master.meanCores': '',
        'harness.cpuCores': '',
        'counters.slavesStreaming': '0',
      },
      ...{ 'commands.NOOP.plain.count': '', 'commands.NOOP.plain.serviceTimeUs.p99': '' },
    })
    expect(rows[1]).toMatchObject({
      ...{ atMs: '2000.5', phase: 'drain', 'commands.NOOP.plain.count': '20', 'commands.NOOP.plain.unfinished': '1' },
      ...{ 'commands.NOOP.plain.serviceTimeUs.p50': '90.5', 'commands.NOOP.plain.serviceTimeUs.max': '1000000' },
      ...{ 'commands.NOOP.plain.serviceTimeUs.lowerBounds': 'p99 max', 'commands.NOOP.plain.responseTimeUs.p50': '' },
    })
  })

  it('has what was offered and how changes spread, where the series says so', async () => {
    const offered = point(1000, { offeredPerSecond: { create: 50.5 }, propagationUs: null, spanMs: 999 })
    const propagationUs = { first: null, median: null, last: NOOP.serviceTimeUs!, all: null }
    expect(await rowsOf([offered, point(2000, { propagationUs })])).toMatchObject([
      { 'offeredPerSecond.create': '50.5', 'propagationUs.last.p50': '', spanMs: '999' },
      { 'offeredPerSecond.create': '', 'propagationUs.last.p50': '90.5', 'propagationUs.first.p50': '', spanMs: '' },
    ])
    expect(await rowsOf([offered, point(2000, { propagationUs })])).toMatchObject([
      { 'propagationUs.last.lowerBounds': '' },
      { 'propagationUs.last.lowerBounds': 'p99 max', 'propagationUs.first.lowerBounds': '' },
    ])
  })

  it('has the same columns in the same order whatever came first', async () => {
    const [a, b] = [point(1000, { commands: { NOOP, UPDATE: NOOP } }), point(2000, { commands: { ACTIVATE: NOOP } })]
    const [one] = await rowsOf([a, b])
    const [other] = await rowsOf([b, a])
    expect(Object.keys(one!)).toEqual(Object.keys(other!))
    expect(Object.keys(one!).filter(name => name.endsWith('.count'))).toEqual([
      'commands.ACTIVATE.count',
      'commands.NOOP.count',
      'commands.UPDATE.count',
    ])
  })

  it('says in each row that the run was cut off', async () => {
    expect(await rowsOf([point(1000), point(2000)], cutOffRun())).toMatchObject([
      { state: 'running' },
      { state: 'running' },
    ])
  })

  it('without a second has its header', async () => expect(await rowsOf([])).toEqual([]))

  it('holds no more than a second at a time', async () => {
    let read = 0
    async function* many() {
      for (let second = 1; second <= 5000; second++) {
        read = second
        yield point(second * 1000)
      }
    }
    const lines = csv(recordedRun(), many)
    await lines.next()
    await lines.next()
    expect(read).toBe(1)
    await lines.return(undefined)
  })
})

it.each([
  [['a', 1, true, null, undefined, 0], 'a,1,true,,,0\r\n'],
  [['a,b', 'say "x"', 'two\nlines', '\r'], '"a,b","say ""x""","two\nlines","\r"\r\n'],
  [[NASTY], `"${NASTY.replace('"', '""')}"\r\n`],
])('cells %j are quoted by RFC 4180', (cells, line) => expect(csvLine(cells)).toBe(line))

describe('series.ndjson', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-series-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  async function read(text: string): Promise<number[]> {
    writeFileSync(join(folder, 'series.ndjson'), text)
    const times: number[] = []
    for await (const { atMs } of readSeries(folder)) times.push(atMs)
    return times
  }
  const lines = [1000, 2000, 3000].map(atMs => `${JSON.stringify(point(atMs))}\n`)

  it('is read line by line', async () => expect(await read(lines.join(''))).toEqual([1000, 2000, 3000]))

  it('loses a last line that was cut off, wherever that was', async () => {
    const last = lines[2]!.trimEnd()
    for (const length of [1, 2, 10, last.length - 1])
      expect(await read(lines[0] + lines[1] + last.slice(0, length)), `${length}`).toEqual([1000, 2000])
    expect(await read(lines[0] + last)).toEqual([1000, 3000])
  })

  it.each(['half {', 'null', '[]', '{"atMs":1}', ''])('with %j in its midst is damaged, and says where', async line => {
    const text = `${lines[0]}${line}\n${lines[1]}`
    await expect(read(text)).rejects.toMatchObject({
      code: 'RESULTS',
      message: expect.stringContaining('series.ndjson:2'),
    })
  })

  it('that is not there is told as that', async () => {
    const missing = readSeries(join(folder, 'no'))
    await expect(missing.next()).rejects.toMatchObject({ code: 'RESULTS', message: expect.stringContaining('ENOENT') })
  })
})
