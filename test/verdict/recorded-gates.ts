import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { type GateRun, type GateSession, type RecordedGate, wholeLines } from '../../bench/gate-record.js'
import type { RunResult } from '../../src/metrics/run-result.js'
import { isDamaged, NO_ALLOWANCE } from '../../src/verdict/damage.js'
import { type GateVerdict, judgeGate } from '../../src/verdict/gate.js'
import { MEASURES } from '../../src/verdict/measures.js'
import { recordedRun } from '../report/recorded.js'

export interface Recording {
  /** One for each time that it was begun or went on. */
  readonly sessions: readonly GateSession[]
  readonly gates: readonly RecordedGate[]
}

type Kind = 'aa' | 'place' | 'slowed'

function pathOf(kind: Kind): URL {
  return new URL(`recorded/${kind}.ndjson.gz`, import.meta.url)
}

/** What `npm run record-gates` made, in its order. */
export function recording(kind: Kind): Recording {
  const bytes = readFileSync(pathOf(kind))
  const lines = wholeLines(gunzipSync(bytes).toString())
  return {
    sessions: lines.flatMap(line => ('session' in line ? [line.session] : [])),
    gates: lines.flatMap(line => ('session' in line ? [] : [line])),
  }
}

const BASE = recordedRun()

/** With what no gate looks at from another run. */
function wholeRun({ master, slaves, total, ...run }: GateRun): RunResult {
  return {
    ...BASE,
    ...run,
    master: { ...BASE.master, ...master },
    slaves: { ...BASE.slaves, ...slaves },
    total: { ...BASE.total, ...total },
  }
}

const MEASURED = MEASURES.filter(({ gating }) => gating)
/** What decides unless something else is asked for. */
export const ALL = MEASURED.map(({ name }) => name)

export type Judged = GateVerdict['result'] | 'invalid'

/** As `gate --gating` would judge it today. One that did not get to all its pairs is judged by what broke alone. */
export function judge(
  { pairs, a, b, discarded, failedStarts }: RecordedGate,
  gating: readonly string[],
  change = (run: RunResult) => run,
) {
  const isPartial = b.length < pairs
  const broken = (runs: readonly GateRun[]) => runs.map(wholeRun).filter(run => isDamaged(run, NO_ALLOWANCE))
  const verdict = judgeGate(a.map(wholeRun), b.map(wholeRun).map(change), {
    measures: MEASURED,
    gating: new Set(gating),
    paired: true,
    allowance: NO_ALLOWANCE,
    apart: { a: broken(discarded.a), b: broken(discarded.b) },
    failedStarts,
    isPartial,
  })
  const result: Judged = isPartial && verdict.result !== 'fail' ? 'invalid' : verdict.result
  return { ...verdict, result }
}

type JudgedGate = ReturnType<typeof judge>

export function resultOf({ metrics }: JudgedGate, name: string) {
  return metrics.find(metric => metric.name === name)?.result
}

/** Found by what the master used, not by its times alone. */
export function isRedByCpu({ metrics }: JudgedGate): boolean {
  return metrics.some(({ name, gating, result }) => gating && CPU.includes(name) && result === 'regression')
}

const CPU = ['cpuPerCreates', 'cpuPerDump']

/** Of B ÷ A of the gates: the middle one, with nothing taken out. */
export function measuredRatio(gates: readonly JudgedGate[], name: string): number {
  const ratios = gates.map(({ metrics }) => metrics.find(metric => metric.name === name)?.measuredRatio ?? Number.NaN)
  return ratios.sort((a, b) => a - b)[ratios.length >> 1]
}

/** So many of them, in words. */
export function tally(gates: readonly JudgedGate[]): string {
  const kinds = ['pass', 'inconclusive', 'fail', 'invalid'] as const
  const counts = kinds.map(kind => [kind, gates.filter(({ result }) => result === kind).length] as const)
  return counts.flatMap(([kind, count]) => (count === 0 ? [] : [`${count} ${kind}`])).join(', ')
}
