import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { TraceFile } from '../../src/recording/trace-file.js'
import type { TraceHeader, TraceLine } from '../../src/traces/trace-line.js'
import { until } from '../cli/bench.js'

const HEADER: TraceHeader = {
  schema: 'mupdate-bench/trace/1',
  harnessVersion: '0',
  startedAt: '2026-11-30T18:00:00Z',
  madeBy: 'record',
  master: 'm:1',
  refused: [],
  struck: true,
  records: 'counted',
}
const line = (atUs: number, connection = 1): TraceLine => ({ atUs, connection, from: 'client', tag: 'N', verb: 'NOOP' })
let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-trace-'))
  path = join(folder, 't.ndjson')
})

afterEach(() => rmSync(folder, { recursive: true }))

const written = () => readFileSync(path, 'utf8').trimEnd().split('\n')

it('is its owner’s alone, has its header at once, what was added soon, and all in the end', async () => {
  const trace = TraceFile.create(path, HEADER)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(written().map(text => JSON.parse(text))).toEqual([HEADER])
  trace.add(line(1))
  await until('the line', () => written().length === 2)
  for (let i = 0; i < 20_000; i++) trace.add(line(i))
  await trace.close()
  expect(written()).toHaveLength(20_002)
  expect(JSON.parse(written().at(-1)!)).toEqual(line(19_999))
})

it.each([1, 4000, 4001, 5000])(
  'has all of %s lines when it is closed, also of what came while others were written',
  async count => {
    const trace = TraceFile.create(path, HEADER)
    for (let i = 0; i < count; i++) trace.add(line(i))
    const closed = trace.close()
    trace.add(line(-1))
    await closed
    expect(written()).toHaveLength(count + 1)
  },
)

it('does not write over what is there', async () => {
  await TraceFile.create(path, HEADER).close()
  expect(() => TraceFile.create(path, HEADER)).toThrowError(/is there already/)
})

it('takes whole lines of several writers', async () => {
  const parts = [TraceFile.create(path, HEADER), TraceFile.join(path), TraceFile.join(path)]
  for (let i = 0; i < 9000; i++) parts[i % 3]!.add(line(i, i % 3))
  await Promise.all(parts.map(part => part.close()))
  const lines = written()
    .slice(1)
    .map(text => JSON.parse(text) as TraceLine)
  for (const connection of [0, 1, 2])
    expect(lines.filter(line => line.connection === connection).map(({ atUs }) => atUs)).toEqual(
      Array.from({ length: 3000 }, (_, i) => 3 * i + connection),
    )
})

it('says once why it cannot be written any more, and takes no more', async () => {
  const trace = TraceFile.join('/dev/full')
  const failures: string[] = []
  trace.onFailure = ({ message }) => failures.push(message)
  trace.add(line(1))
  await until('the failure', () => failures.length > 0)
  trace.add(line(2))
  await trace.close()
  expect(failures).toEqual([expect.stringMatching(/^\/dev\/full cannot be written any more: ENOSPC/)])
  expect(trace.failure?.code).toBe('RESULTS')
})
