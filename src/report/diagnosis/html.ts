import type { DiagnosisResult } from '../../metrics/diagnosis-result.js'
import { stillDocument } from '../html/document.js'
import { escapeHtml } from '../html/escape.js'
import { folded, list, table } from '../html/parts.js'
import { timelineSvg } from './timeline-svg.js'
import {
  clock,
  episodeSentences,
  episodeTitle,
  FRONTEND_HEAD,
  findings,
  frontendDeaths,
  frontendRow,
  headline,
  masterSentences,
  sourceSentences,
  timeoutSentence,
  wayOutTitle,
} from './words.js'

/** Beyond these a page would be a list of time-outs; all are in the JSON. */
const MOST_TIMEOUTS = 500

export function diagnosisHtml(result: DiagnosisResult): string {
  const { frontends, notes, unknownLines } = result
  const content = [
    `<header><p class="eyebrow">mupdate-bench diagnose</p><h1>What the logs say of the murder</h1><p class="note">${escapeHtml(headline(result))}</p></header>`,
    ...findings(result).map(text => callout(text, result.episodes.length > 0)),
    ...(frontends.length === 0 ? [] : [`<h2>Timeline</h2>${timelineSvg(result)}`]),
    ...result.episodes.map(
      episode =>
        `<h2>${escapeHtml(episodeTitle(episode, result.to))}</h2>${list(episodeSentences(episode, frontends.length))}`,
    ),
    wayOut(result),
    frontendTable(result),
    section('Master', masterSentences(result)),
    ...(unknownLines.length === 0
      ? []
      : [
          `<h2>Lines that are not known</h2>${table({ caption: 'Lines that are not known', head: ['shape', 'lines'], body: unknownLines.map(({ shape, count }) => [shape, String(count)]) })}`,
        ]),
    section('Read', sourceSentences(result)),
    section('Notes', notes),
  ]
  return stillDocument('mupdate-bench: what the logs say', content.filter(part => part !== '').join('\n'))
}

function wayOut(result: DiagnosisResult): string {
  if (result.wayOut === null) return ''
  const { steps, arithmetic } = result.wayOut
  const items = steps.map(step => `<li>${escapeHtml(step)}</li>`).join('')
  const because = arithmetic.length === 0 ? '' : folded('the arithmetic', list(arithmetic), true)
  return `<h2>${escapeHtml(wayOutTitle(result))}</h2><ol>${items}</ol>${because}`
}

function frontendTable(result: DiagnosisResult): string {
  const { frontends, errorMs, timeouts } = result
  if (frontends.length === 0) return ''
  const resyncs = frontends.flatMap(({ name, resyncs }) =>
    resyncs.map(({ at, cause, outcome, listMs, mergeMs }) => ({ name, at, cause, outcome, listMs, mergeMs })),
  )
  const body = resyncs
    .sort((a, b) => a.at.localeCompare(b.at))
    .slice(-MOST_TIMEOUTS)
    .map(({ name, at, cause, outcome, listMs, mergeMs }) => [
      clock(at),
      name,
      cause,
      listMs === null ? '–' : `${listMs / 1000} s`,
      mergeMs === null ? '–' : `${mergeMs / 1000} s`,
      outcome,
    ])
  const all = (count: number) => (count > MOST_TIMEOUTS ? `the last ${MOST_TIMEOUTS} of ${count}` : String(count))
  return `<h2>Frontends</h2>${table({ caption: 'Frontends', head: FRONTEND_HEAD, body: frontends.map(frontend => frontendRow(frontend, errorMs)) })}
${list(frontendDeaths(result))}
${timeouts.length === 0 ? '' : folded(`time-outs: ${all(timeouts.length)}`, list(timeouts.slice(-MOST_TIMEOUTS).map(timeoutSentence)))}
${body.length === 0 ? '' : folded(`lists: ${all(resyncs.length)}`, table({ caption: 'Lists', head: ['asked for', 'frontend', 'because of', 'list', 'merge', 'ended'], body }))}`
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `<h2>${escapeHtml(title)}</h2>${list(lines)}`
}

function callout(text: string, isTrouble: boolean): string {
  return `<p class="callout${isTrouble ? ' trouble' : ''}">${escapeHtml(text)}</p>`
}
