import { HarnessError } from '../core/errors.js'
import { parseDurationNs } from '../core/units.js'
import { TIME_STATISTICS } from '../metrics/latency.js'

export type Comparison = '<' | '<=' | '>' | '>=' | '=='

/** `[phase: ]path op value`, as `steady: NOOP.slave.responseTimeUs.p99 < 2s` or `master.restarts == 0`. */
export interface Threshold {
  readonly text: string
  readonly phase: string | undefined
  /** Dotted, into `run.json`; metric names (which hold dots) stand for themselves. */
  readonly path: string
  readonly comparison: Comparison
  /** In the unit of the field that it is compared with. */
  readonly value: number
}

const GRAMMAR = /^\s*(?:([\w-]+)\s*:\s+)?([\w.-]+)\s*(<=|>=|==|<|>)\s*(\S+)\s*$/

/** @throws {HarnessError} `USAGE` */
export function parseThreshold(text: string): Threshold {
  const match = GRAMMAR.exec(text)
  if (match === null) {
    throw new HarnessError(
      'USAGE',
      `"${text}" is not a threshold`,
      'write for example: NOOP.slave.responseTimeUs.p99 < 2s',
    )
  }
  const [, phase, path, comparison, value] = match
  const statistic = /\.(?:response|service)TimeUs\.(\w+)$/.exec(path)?.[1]
  if (statistic !== undefined && statistic !== 'count' && !TIME_STATISTICS.some(known => known === statistic)) {
    throw new HarnessError('USAGE', `"${text}" asks for ${statistic}`, `known are ${TIME_STATISTICS.join(', ')}`)
  }
  return { text, phase, path, comparison: comparison as Comparison, value: parseValue(text, path, value) }
}

function parseValue(text: string, path: string, value: string): number {
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value)
  const ns = parseDurationNs(value)
  if (/Us(\.|$)/.test(path)) return ns / 1e3
  if (/Ms(\.|$)/.test(path)) return ns / 1e6
  throw new HarnessError('USAGE', `"${text}" compares a time with something that is none`, 'leave the unit out')
}
