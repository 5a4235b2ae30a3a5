import Table from 'cli-table3'
import pc from 'picocolors'
import type { GateMetric, GateResult } from '../../metrics/gate-result.js'
import { probability } from '../../verdict/gate.js'
import { NO_LINES } from '../plain-table.js'
import { figure, headlineOf, methodSentences, ratioText, sideSentences, WORDS } from './figures.js'

const COLOURS = { pass: pc.green, fail: pc.red, inconclusive: pc.yellow, invalid: pc.magenta } as const

/** A gate, or a comparison, in 80 columns. */
export function gateText(result: GateResult): string {
  const { metrics, reasons } = result
  const [deciding, others] = [true, false].map(wanted => metrics.filter(({ gating }) => gating === wanted))
  const verdict = COLOURS[result.result](pc.bold(result.result.toUpperCase()))
  return [
    `${verdict}  ${headlineOf(result)}`,
    ...reasons.map(reason => `  ${reason}`),
    '',
    ...sideSentences(result),
    '',
    ...(deciding.length === 0 ? [] : ['these decide', measureTable(deciding), '']),
    ...(others.length === 0 ? [] : ['these do not', measureTable(others), '']),
    ...methodSentences(result),
    '',
  ].join('\n')
}

function measureTable(metrics: readonly GateMetric[]): string {
  const table = new Table({
    head: ['', 'A', 'B', 'B ÷ A    (95 %)', 'p', ''],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 1 },
    colAligns: ['left', 'right', 'right', 'right', 'right', 'left'],
    chars: NO_LINES,
  })
  for (const metric of metrics) {
    const { title, a, b, unit, p, pAdjusted, result, bounded } = metric
    const bound = bounded ? '≥' : ''
    table.push([
      title,
      `${bound}${figure(a.median, unit)}`,
      `${bound}${figure(b.median, unit)}`,
      ratioText(metric),
      probability(pAdjusted ?? p),
      WORDS[result],
    ])
  }
  return table.toString()
}
