import type { GateMetric, GateResult } from '../../metrics/gate-result.js'
import { probability } from '../../verdict/gate.js'
import { markdownList, markdownTable, markdownText } from '../markdown-text.js'
import { headlineOf, methodSentences, ratioText, sideSentences, sideText, WORDS } from './figures.js'

const SIGNS = { pass: '✅', fail: '❌', inconclusive: '❔', invalid: '🚫' } as const
const MARKS = { regression: '❌', improvement: '🎉', pass: '✅', inconclusive: '❔' } as const

/** For a pull request, or a step's summary. */
export function gateMarkdown(result: GateResult): string {
  const [deciding, others] = [true, false].map(wanted => result.metrics.filter(({ gating }) => gating === wanted))
  const parts = [
    `## ${SIGNS[result.result]} ${result.result.toUpperCase()}: ${markdownText(headlineOf(result))}`,
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
  const head = ['', 'A (95 %)', 'B (95 %)', 'B ÷ A (95 %)', 'p', 'effect', 'least found', 'result']
  const rows = metrics.map(metric => {
    const { title, a, b, unit, p, pAdjusted, effect, smallestDetectable, result } = metric
    return [
      title,
      sideText(a, unit),
      sideText(b, unit),
      ratioText(metric),
      probability(pAdjusted ?? p),
      effect.toFixed(2),
      smallestDetectable === null ? '–' : `${(100 * smallestDetectable).toFixed(1)} %`,
      `${MARKS[result]} ${WORDS[result]}`,
    ]
  })
  return markdownTable(head, rows)
}
