import pc from 'picocolors'
import { wrap } from '../../core/text-width.js'
import type { GateMetric, GateResult } from '../../metrics/gate-result.js'
import { probability } from '../../verdict/gate.js'
import { plainTable } from '../plain-table.js'
import { figure, headlineOf, intervalText, methodSentences, ratioInterval, sideSentences, WORDS } from './figures.js'

const COLOURS = { pass: pc.green, fail: pc.red, inconclusive: pc.yellow, invalid: pc.magenta } as const
const COLUMNS = 80

/** A gate, or a comparison, in 80 columns. */
export function gateText(result: GateResult): string {
  const { metrics, reasons } = result
  const [deciding, others] = [true, false].map(wanted => metrics.filter(({ gating }) => gating === wanted))
  const verdict = COLOURS[result.result](pc.bold(result.result.toUpperCase()))
  return [
    `${verdict}  ${headlineOf(result)}`,
    ...reasons.flatMap(reason => indented(reason, '  ')),
    '',
    ...sideSentences(result).flatMap(sentence => indented(sentence, '')),
    '',
    ...(deciding.length === 0 ? [] : ['these decide', measureTable(deciding), '']),
    ...(others.length === 0 ? [] : ['these do not', measureTable(others), '']),
    ...[secondRows(result), ...methodSentences(result)].flatMap(sentence => indented(sentence, '')),
    '',
  ].join('\n')
}

function secondRows({ paired }: GateResult): string {
  const effect = paired ? 'matched-pairs rank-biserial correlation' : 'Cliff’s delta'
  return `second rows: 95 % intervals; below p the effect, -1 to 1 (${effect}).`
}

function indented(sentence: string, indent: string): string[] {
  return wrap(sentence, COLUMNS - indent.length - 2).map((line, i) => `${indent}${i === 0 ? '' : '  '}${line}`)
}

/** Two rows each: medians, their ratio and p, and below them the 95 % intervals and the effect. */
function measureTable(metrics: readonly GateMetric[]): string {
  const table = plainTable(['', 'A', 'B', 'B ÷ A', 'p', ''], ['left', 'right', 'right', 'right', 'right', 'left'])
  for (const metric of metrics) {
    const { title, a, b, unit, ratio, p, pAdjusted, effect, result } = metric
    table.push(
      [
        title,
        `${a.bounded ? '≥' : ''}${figure(a.median, unit)}`,
        `${b.bounded ? '≥' : ''}${figure(b.median, unit)}`,
        ratio === null ? '–' : ratio.toFixed(3),
        probability(pAdjusted ?? p),
        WORDS[result],
      ],
      [
        '',
        pc.dim(intervalText(a, unit)),
        pc.dim(intervalText(b, unit)),
        pc.dim(ratioInterval(metric)),
        pc.dim(effect.toFixed(2)),
        '',
      ],
    )
  }
  return table.toString()
}
