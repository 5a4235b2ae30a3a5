import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type RunResult, runResultSchema } from '../../src/metrics/run-result.js'
import { FORMATS, type FormatName } from '../../src/report/formats.js'
import { readSeries } from '../../src/report/read-series.js'
import { expectSame, readByJava, tagsByJava } from '../support/hdr-java.js'
import { itWith, runTool } from '../support/tools.js'
import { MAIN, Workbench } from './bench.js'

// Programs of others, started one after the other.
vi.setConfig({ testTimeout: 120_000 })

/** A real run and a simulated one, made once; verdicts do not matter here, so a busy machine does not either. */
let workbench: Workbench
let smoke: string
let storm: string
let cutOff: string

beforeAll(async () => {
  workbench = new Workbench()
  const out = ['--out', workbench.out]
  await Promise.all([
    workbench.bench(['run', 'smoke', '--master', 'embedded', ...out]),
    workbench.bench(['simulate', 'resync-storm', ...out]),
  ])
  smoke = workbench.folder('smoke')
  storm = workbench.folder('resync-storm')
  cutOff = join(workbench.directory, 'cut-off')
  mkdirSync(cutOff)
  for (const file of ['run.json', 'series.ndjson']) cpSync(join(smoke, file), join(cutOff, file))
  const run = resultOf(cutOff)
  run.state = 'running'
  run.verdict = { result: 'inconclusive', reasons: ['the run had not ended when this was written'], thresholds: [] }
  writeFileSync(join(cutOff, 'run.json'), JSON.stringify(run))
  appendFileSync(join(cutOff, 'series.ndjson'), '{"atMs":9999,"pha')
}, 120_000)

afterAll(() => workbench.remove())

function resultOf(folder: string): RunResult {
  return runResultSchema.parse(JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')))
}

/** What the command prints, without a process for each. */
async function report(folder: string, format: FormatName): Promise<string> {
  let all = ''
  for await (const piece of FORMATS[format]({ run: resultOf(folder), series: () => readSeries(folder) })) all += piece
  return all
}

describe('a real run and a simulated one, as', () => {
  it('markdown: verdict, thresholds, the measured phase', async () => {
    const { verdict } = resultOf(smoke)
    const markdown = await report(smoke, 'markdown')
    expect(markdown).toMatch(new RegExp(`^## \\S+ ${verdict.result.toUpperCase()}: smoke, seed 1, `))
    expect(markdown).toContain('> **against the embedded master, which is no Cyrus**')
    expect(markdown.match(/^\| .* \| slaves\.timeouts == 0 \| measured \d+ \|$/m)).not.toBeNull()
    expect(markdown).toMatch(/^### steady \(4\.\d+ s\)$/m)
  })

  it('markdown of a simulation says so', async () =>
    expect(await report(storm, 'markdown')).toContain('> **simulated: '))

  it('csv of a run that was cut off ends with the last whole second', async () => {
    const seconds = readFileSync(join(smoke, 'series.ndjson'), 'utf8').trimEnd().split('\n')
    expect((await report(cutOff, 'csv')).trimEnd().split('\r\n')).toHaveLength(1 + seconds.length)
  })

  it('csv: a row per line of series.ndjson, with its values', async () => {
    const lines = readFileSync(join(storm, 'series.ndjson'), 'utf8').trimEnd().split('\n')
    const [head, ...rows] = (await report(storm, 'csv')).trimEnd().split('\r\n')
    expect(rows).toHaveLength(lines.length)
    const columns = head!.split(',')
    const column = (name: string) => {
      const index = columns.indexOf(name)
      expect(index, name).toBeGreaterThanOrEqual(0)
      return index
    }
    for (const [index, line] of lines.entries()) {
      const { atMs, phase, commands, operations } = JSON.parse(line)
      const cells = rows[index]!.split(',')
      expect(cells[column('atMs')]).toBe(`${atMs}`)
      expect(cells[column('phase')]).toBe(phase)
      expect(cells[column('simulated')]).toBe('true')
      expect(cells[column('commands.NOOP.plain.serviceTimeUs.p99')]).toBe(
        `${commands['NOOP.plain']?.serviceTimeUs?.p99 ?? ''}`,
      )
      expect(cells[column('operations.create.count')]).toBe(`${operations.create?.count ?? ''}`)
    }
  })

  it.each(['text', 'markdown', 'junit', 'csv', 'openmetrics', 'json'] as const)(
    '%s of a run that was cut off says so',
    async format => {
      const says = {
        text: '(cut off: the harness did not end this run)',
        markdown: '> **not ended: cut off',
        junit: '<error type="inconclusive"',
        csv: ',running,',
        openmetrics: 'state="running"',
        json: '"state": "running"',
      }[format]
      const output = await report(cutOff, format)
      expect(output).toContain(says)
    },
  )

  itWith('xmllint')('junit is one that readers of JUnit take', async () => {
    const schema = join(import.meta.dirname, '../report/junit.xsd')
    for (const folder of [smoke, storm, cutOff]) {
      const { status, output } = runTool('xmllint', ['--noout', '--schema', schema, '-'], await report(folder, 'junit'))
      expect(output).toContain('- validates')
      expect(status).toBe(0)
    }
  })

  itWith('promtool')('openmetrics is what promtool has nothing to say to', async () => {
    for (const folder of [smoke, storm, cutOff]) {
      const checked = runTool('promtool', ['check', 'metrics'], await report(folder, 'openmetrics'))
      expect(checked).toEqual({ status: 0, output: '' })
    }
  })
})

describe('mupdate-bench report', () => {
  it.each([
    { format: 'text', option: [] },
    { format: 'json', option: ['--json'] },
  ])('--format $format is what show prints', async ({ format, option }) => {
    const [shown, reported] = await Promise.all([
      workbench.bench(['show', smoke, ...option]),
      workbench.bench(['report', smoke, '--format', format]),
    ])
    expect(reported).toEqual({ status: 0, stdout: shown.stdout, stderr: '' })
  })

  it('writes to a file with -o, the same to the byte', async () => {
    const path = join(workbench.directory, 'series.csv')
    const { status, stdout } = await workbench.bench(['report', storm, '--format', 'csv', '-o', path])
    expect(stdout).toBe('')
    expect(status).toBe(0)
    expect(readFileSync(path, 'utf8')).toBe(await report(storm, 'csv'))
  })

  it('may be cut short by who reads it', async () => {
    const long = join(workbench.directory, 'long')
    mkdirSync(long)
    cpSync(join(storm, 'run.json'), join(long, 'run.json'))
    writeFileSync(join(long, 'series.ndjson'), readFileSync(join(storm, 'series.ndjson'), 'utf8').repeat(40))
    const child = spawn(process.execPath, [MAIN, 'report', long, '--format', 'csv'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const stderr = text(child.stderr)
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const [status] = await once(child, 'close')
    expect(await stderr).toBe('')
    expect(status).toBe(0)
  })

  it.each([
    { what: 'no run', args: (): string[] => ['nowhere', '--format', 'csv'], says: 'no run in nowhere' },
    { what: 'an unknown format', args: () => [smoke, '--format', 'pdf'], says: 'Allowed choices are html, text, json' },
    { what: 'a format of one run, for two', args: () => [smoke, storm, '-f', 'csv'], says: 'csv takes one run' },
    {
      what: 'a file that cannot be',
      args: () => [smoke, '-f', 'csv', '-o', '/no/x.csv'],
      says: 'cannot write /no/x.csv',
    },
    { what: 'a text to be opened', args: () => [smoke, '-f', 'csv', '--open'], says: '--open shows a page' },
    { what: 'no series', args: () => [withoutSeries(), '-f', 'csv'], says: 'series.ndjson' },
  ])('$what is a mistake (exit 2), told in a sentence', async ({ args, says }) => {
    const { status, stdout, stderr } = await workbench.bench(['report', ...args()])
    expect(stderr).toContain(says)
    expect(stderr).not.toMatch(/\n {4}at /)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })

  it('leaves a file from before alone where there is nothing to write', async () => {
    const path = join(workbench.directory, 'before.csv')
    writeFileSync(path, 'from before')
    const { status } = await workbench.bench(['report', withoutSeries(), '-f', 'csv', '-o', path])
    expect(status).toBe(2)
    expect(readFileSync(path, 'utf8')).toBe('from before')
  })

  function withoutSeries(): string {
    const folder = join(workbench.directory, 'without-series')
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
    cpSync(join(smoke, 'run.json'), join(folder, 'run.json'))
    return folder
  }
})

describe('intervals.hlog', () => {
  itWith('java', 'hdrHistogramJar')('gives HdrHistogram’s own reader the percentiles of run.json, by tag', () => {
    const steady = resultOf(smoke).phases.find(({ name }) => name === 'steady')!
    for (const { tag, ours } of [
      { tag: 'steady/NOOP.plain/response', ours: steady.commands['NOOP.plain']!.responseTimeUs! },
      { tag: 'steady/NOOP.stream/service', ours: steady.commands['NOOP.stream']!.serviceTimeUs! },
      { tag: 'steady/create/response', ours: steady.operations.create!.responseTimeUs! },
    ])
      expectSame(readByJava(join(smoke, 'intervals.hlog'), join(workbench.directory, 'java'), tag), ours, tag)
  })

  itWith('java', 'hdrHistogramJar')('adds up to the total of run.json over all phases', () => {
    const lines = readFileSync(join(smoke, 'intervals.hlog'), 'utf8').trimEnd().split('\n')
    const own = lines.filter(line => !line.startsWith('Tag=') || line.includes('/NOOP.plain/response,'))
    const path = join(workbench.directory, 'noop.hlog')
    writeFileSync(path, own.map(line => `${line.replace(/^Tag=[^,]*,/, '')}\n`).join(''))
    const ours = resultOf(smoke).total.commands['NOOP.plain']!.responseTimeUs!
    expectSame(readByJava(path, join(workbench.directory, 'java')), ours, 'NOOP.plain')
  })

  itWith('java', 'hdrHistogramJar')('lists its tags, each with a phase of the run', () => {
    const tags = tagsByJava(join(smoke, 'intervals.hlog'))
    expect(tags).toEqual(expect.arrayContaining(['preload/ACTIVATE/service', 'steady/NOOP.plain/response']))
    const phases = resultOf(smoke).phases.map(({ name }) => name)
    for (const tag of tags) expect(phases).toContain(tag.split('/')[0])
  })

  it('has intervals of the run’s time alone', () => {
    const { durationMs } = resultOf(smoke)
    const lines = readFileSync(join(smoke, 'intervals.hlog'), 'utf8')
      .split('\n')
      .filter(line => line.startsWith('Tag='))
    expect(lines.length).toBeGreaterThan(20)
    const ends: Record<string, number> = {}
    for (const line of lines) {
      const [tag, start, length] = line.split(',')
      expect(Number(start)).toBeGreaterThanOrEqual((ends[tag!] ?? 0) - 0.002)
      ends[tag!] = Number(start) + Number(length)
      expect(ends[tag!]).toBeLessThanOrEqual(durationMs / 1000 + 1)
    }
  })
})
