import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readRunFiles } from '../../src/report/run-files.js'
import { fullSecond } from './synthetic-run.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-files-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(name: string, lines: readonly unknown[], end = '\n'): void {
  const texts = lines.map(line => (typeof line === 'string' ? line : JSON.stringify(line)))
  writeFileSync(join(folder, name), texts.join('\n') + end)
}

const read = () => readRunFiles(folder, new Set(['steady']))

it('of the events only the marked ones are held', async () => {
  const log = Array.from({ length: 1000 }, (_, i) => ({ atMs: i, kind: 'master-log', detail: 'mupdate: line' }))
  const death = { atMs: 500, kind: 'master-died', detail: 'killed' }
  write('events.ndjson', [...log, death, ...log])
  expect((await read()).events).toEqual([death])
})

it('a damaged line in the midst is passed over and counted, one that was cut off is neither', async () => {
  write('series.ndjson', [fullSecond(0), '{"atMs":', 'null', '', { atMs: 5 }, fullSecond(1), '{"atMs":200'], '')
  write('slaves.ndjson', [{ atMs: 1, slave: 0, kind: 'joined' }, { atMs: '1' }, '{"at'], '')
  write('events.ndjson', ['7', { atMs: 3, kind: 'timeline', detail: 'a' }, { kind: 'timeline' }, '[]', '{'])
  const { seconds, slaveMoves, events, damagedLines } = await read()
  expect(seconds.map(({ atMs }) => atMs)).toEqual([fullSecond(0).atMs, fullSecond(1).atMs])
  expect(slaveMoves).toHaveLength(1)
  expect(events).toHaveLength(1)
  expect(damagedLines).toEqual({ 'series.ndjson': 4, 'slaves.ndjson': 1, 'events.ndjson': 3 })
})

it('what is not there is told from what is empty', async () => {
  write('series.ndjson', [], '')
  expect(await read()).toMatchObject({ seconds: [], events: [], slaveMoves: undefined, damagedLines: {} })
  write('slaves.ndjson', [], '')
  expect((await read()).slaveMoves).toEqual([])
})
