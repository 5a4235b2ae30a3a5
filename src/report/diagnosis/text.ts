import type { DiagnosisResult } from '../../metrics/diagnosis-result.js'
import { printable } from '../../core/text-width.js'
import { plainTable } from '../plain-table.js'
import { sparkline } from '../sparkline.js'
import { listsAtOnce, type Track, type TrackState, trackOf } from './tracks.js'
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
  wayOutTitle,
} from './words.js'

const COLUMNS = 60
const MOST_SHAPES = 10
const SIGNS: Readonly<Record<TrackState, string>> = {
  unknown: ' ',
  streaming: '─',
  away: '░',
  list: '▒',
  refusing: '█',
}

/** Logs hold what strangers sent: nothing in it steers the terminal. */
export function diagnosisText(result: DiagnosisResult): string {
  const parts = [
    [headline(result), ...findings(result)],
    ...result.episodes.map(episode => [
      episodeTitle(episode, result.to),
      ...indented(episodeSentences(episode, result.frontends.length)),
    ]),
    timeline(result),
    frontends(result),
    titled('Master', masterSentences(result)),
    wayOut(result),
    titled('Lines that are not known', unknown(result)),
    titled('Read', sourceSentences(result)),
    titled('Notes', result.notes),
  ]
  return `${parts
    .filter(({ length }) => length > 0)
    .map(lines => lines.flatMap(line => line.split('\n').map(printable)).join('\n'))
    .join('\n\n')}\n`
}

function timeline(result: DiagnosisResult): string[] {
  if (result.frontends.length === 0) return []
  const table = plainTable(['', ''], ['left', 'left'])
  const lists = listsAtOnce(result, COLUMNS)
  table.push([`lists at once (up to ${Math.max(...lists)})`, sparkline(lists, COLUMNS)])
  for (const frontend of result.frontends) table.push([frontend.name, strip(trackOf(frontend, result, COLUMNS))])
  return [
    `Timeline, ${clock(result.from)} to ${clock(result.to)} UTC`,
    // The head's line is empty.
    ...table.toString().split('\n').slice(1),
    '─ streams  ▒ waits for its list  █ refuses its clients  ░ without a connection  ! timed out',
  ]
}

function strip({ states, timeouts }: Track): string {
  return states.map((state, i) => (timeouts[i] ? '!' : SIGNS[state])).join('')
}

function frontends(result: DiagnosisResult): string[] {
  if (result.frontends.length === 0) return []
  const table = plainTable(
    [...FRONTEND_HEAD],
    FRONTEND_HEAD.map((_, i) => (i === 0 ? 'left' : 'right')),
  )
  for (const frontend of result.frontends) table.push(frontendRow(frontend, result.errorMs))
  return [table.toString(), ...frontendDeaths(result)]
}

function wayOut(result: DiagnosisResult): string[] {
  if (result.wayOut === null) return []
  const { steps, arithmetic } = result.wayOut
  return [
    wayOutTitle(result),
    ...steps.map((step, i) => `  ${i + 1}. ${step}`),
    ...(arithmetic.length > 0 ? ['  Because:', ...arithmetic.map(line => `  - ${line}`)] : []),
  ]
}

function unknown({ unknownLines }: DiagnosisResult): string[] {
  const rest = unknownLines.length - MOST_SHAPES
  return [
    ...unknownLines.slice(0, MOST_SHAPES).map(({ shape, count }) => `${count} × ${shape}`),
    ...(rest > 0 ? [`and ${rest} further shapes: --json has all`] : []),
  ]
}

function titled(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...indented(lines)]
}

function indented(lines: readonly string[]): string[] {
  return lines.map(line => `  ${line}`)
}
