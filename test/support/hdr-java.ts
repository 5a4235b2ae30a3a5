import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { TimeSummary } from '../../src/metrics/run-result.js'
import { runTool, toolPath } from './tools.js'

/** Of Debian's libhdrhistogram-java: the reader by those who made the format. */
function processor(args: readonly string[]): { status: number; output: string } {
  const main = 'org.HdrHistogram.HistogramLogProcessor'
  return runTool('java', ['-cp', toolPath('hdrHistogramJar'), main, ...args])
}

const STATISTICS = ['p50', 'p90', 'p99', 'p999', 'max'] as const
type Read = Record<'count' | (typeof STATISTICS)[number], number>

/** @returns what it makes of a log over all intervals of a tag, or of those without one: times in ns */
export function readByJava(log: string, into: string, tag?: string): Read {
  const tagged = tag === undefined ? [] : ['-tag', tag]
  const args = ['-csv', '-outputValueUnitRatio', '1', '-i', log, '-o', into, ...tagged]
  expect(processor(args)).toEqual({ status: 0, output: '' })
  // Of each interval: its own figures, then those of all so far, from the sixth column.
  const last = readFileSync(into, 'utf8').trimEnd().split('\n').at(-1)!
  const [count, p50, p90, p99, p999, , max] = last.split(',').slice(5).map(Number)
  return { count: count!, p50: p50!, p90: p90!, p99: p99!, p999: p999!, max: max! }
}

export function tagsByJava(log: string): string[] {
  const { status, output } = processor(['-listtags', '-i', log])
  expect(status).toBe(0)
  return output.split('\n').filter(line => line.includes('/'))
}

/** To one in a thousand: that is what three significant digits are. */
export function expectSame(theirs: Read, ours: TimeSummary, what: string): void {
  expect(theirs.count, what).toBe(ours.count)
  for (const statistic of STATISTICS)
    expect(Math.abs(theirs[statistic] / (ours[statistic] * 1000) - 1), `${what} ${statistic}`).toBeLessThan(0.001)
}
