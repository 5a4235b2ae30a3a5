import type { GateMetric, GateResult } from '../../metrics/gate-result.js'
import { markdownList, markdownTable, markdownText, VERDICT_SIGNS } from '../markdown-text.js'
import { FIGURE_HEAD, figureRow, headlineOf, methodSentences, sideSentences } from './figures.js'

const MARKS = { regression: '❌', improvement: '🎉', pass: '✅', inconclusive: '❔' } as const

/** For a pull request, or a step's summary. */
export function gateMarkdown(result: GateResult): string {
  const [deciding, others] = [true, false].map(wanted => result.metrics.filter(({ gating }) => gating === wanted))
  const parts = [
    `## ${VERDICT_SIGNS[result.result]} ${result.result.toUpperCase()}: ${markdownText(headlineOf(result))}`,
    markdownList(result.reasons),
    measureTable(deciding),
    others.length === 0
      ? ''
      : `<details><summary>Measures that do not decide</summary>\n\n${measureTable(others)}\n\n</details>`,
    markdownList([...sideSentences(result), ...methodSentences(result)]),
  ]
  return `${parts.filter(part => part !== '').join('\n\n')}\n`
}

function measureTable(metrics: readonly GateMetric[]): string {
  if (metrics.length === 0) return ''
  const rows = metrics.map(metric => {
    const row = figureRow(metric)
    return [...row.slice(0, -1), `${MARKS[metric.result]} ${row.at(-1)}`]
  })
  return markdownTable(FIGURE_HEAD, rows)
}
