import type { GateMetric, GateResult } from '../../metrics/gate-result.js'
import { stillDocument } from '../html/document.js'
import { escapeHtml } from '../html/escape.js'
import { list, table } from '../html/parts.js'
import { verdictBadge } from '../html/verdict.js'
import { FIGURE_HEAD, figureRow, headlineOf, methodSentences, sideSentences } from './figures.js'
import { ratioPlot } from './ratio-plot.js'

/** A gate as a page: the verdict, a drawing of every ratio with its interval, the figures, and how they came to be. */
export function gateHtml(result: GateResult): string {
  const { metrics, reasons, profile, startedAt, harness } = result
  const [deciding, others] = [true, false].map(wanted => metrics.filter(({ gating }) => gating === wanted))
  return stillDocument(
    `${profile.name}: ${result.command} ${result.result}`,
    `<header>
<p class="eyebrow">mupdate-bench ${escapeHtml(harness.version)}, ${escapeHtml(startedAt)}</p>
<div class="title"><h1>${escapeHtml(headlineOf(result))}</h1>${verdictBadge(result)}</div>
${list(reasons)}</header>
<h2>How much worse B is</h2>
<p class="note">A point for each ${result.paired ? 'pair' : 'run of B, against the median of A'}; the bar is the 95 % interval. Green: less than the least that is a regression.</p>
${ratioPlot(deciding, 'Measures that decide')}
${others.length === 0 ? '' : `<h3>Measures that do not decide</h3>${ratioPlot(others, 'Measures that do not decide')}`}
<h2>Figures</h2>
${measureTable('Measures that decide', deciding)}${measureTable('Measures that do not decide', others)}
<h2>What was measured, and how</h2>
${list([...sideSentences(result), ...methodSentences(result)])}`,
  )
}

function measureTable(caption: string, metrics: readonly GateMetric[]): string {
  if (metrics.length === 0) return ''
  return `<h3>${caption}</h3>${table({ caption, head: FIGURE_HEAD, body: metrics.map(figureRow) })}`
}
