import type { DiagnosisResult } from '../../metrics/diagnosis-result.js'
import { escapeHtml } from '../html/escape.js'
import { columnsFrom, listsAtOnce, type TrackState, trackOf } from './tracks.js'
import { clock, episodeTitle } from './words.js'

const LEFT = 170
const COLUMNS = 720
const WIDTH = LEFT + COLUMNS + 10
const ROW = 18
const LISTS = 56
const MASTER = 22
const AXIS = 34
const TICKS = 4

/** Height of a state's bar in its row: what is worse is taller, whatever colours are seen. */
const HEIGHTS: Readonly<Record<TrackState, number>> = { unknown: 0, streaming: 2, away: 5, list: 9, refusing: 14 }

/** All frontends below each other over the time of the logs, with thrashes as bands, above them how many lists were on their way. */
export function timelineSvg(result: DiagnosisResult): string {
  const { frontends, from, to } = result
  const bottom = LISTS + MASTER + frontends.length * ROW
  const rows = frontends.map((_, i) => row(result, i))
  const label = `Timeline from ${clock(from)} to ${clock(to)} UTC of ${frontends.length} frontends; the table below has its figures`
  return `<div class="wide" tabindex="0" role="region" aria-label="Timeline"><svg class="plot timeline" viewBox="0 0 ${WIDTH} ${bottom + AXIS}" role="img" aria-label="${escapeHtml(label)}">${bands(result, bottom)}${listCurve(result)}${masterMarks(result, bottom)}${rows.join('')}${axis(result, bottom)}</svg></div>
<ul class="legend">${legend().join('')}</ul>`
}

function xOf({ from, to }: DiagnosisResult): (at: string) => number {
  const columnOf = columnsFrom(Date.parse(from), Date.parse(to), COLUMNS)
  return at => LEFT + columnOf(Date.parse(at))
}

function bands(result: DiagnosisResult, bottom: number): string {
  const x = xOf(result)
  return result.episodes
    .map(episode => {
      const from = x(episode.onset)
      const width = Math.max(2, x(episode.end ?? result.to) - from)
      return `<rect class="thrash" x="${from}" y="4" width="${width}" height="${bottom - 4}"><title>${escapeHtml(episodeTitle(episode, result.to))}</title></rect>`
    })
    .join('')
}

function listCurve(result: DiagnosisResult): string {
  const lists = listsAtOnce(result, COLUMNS)
  const most = Math.max(1, ...lists)
  const floor = LISTS - 8
  const y = (count: number) => (floor - (floor - 10) * (count / most)).toFixed(1)
  const points = lists.flatMap((count, i) =>
    count === lists[i - 1] && count === lists[i + 1] ? [] : [`${LEFT + i},${y(count)}`],
  )
  return `<text x="0" y="${floor}">lists at once</text><text class="quiet" x="${LEFT - 6}" y="16" text-anchor="end">${most}</text><line class="zero" x1="${LEFT}" x2="${LEFT + COLUMNS}" y1="${floor}" y2="${floor}"/><polyline class="trend" points="${points.join(' ')}"/>`
}

function masterMarks(result: DiagnosisResult, bottom: number): string {
  const x = xOf(result)
  const y = LISTS + MASTER / 2 + 4
  const marks = result.masters.flatMap(({ deaths, refused, gaveUp, descriptors }) => [
    ...deaths.map(({ at, how }) => {
      const title = `<title>${escapeHtml(`${clock(at)} the master died: ${how}`)}</title>`
      return `<g><line class="change" x1="${x(at)}" x2="${x(at)}" y1="4" y2="${bottom}"/><text x="${x(at)}" y="${y}" text-anchor="middle">✝${title}</text></g>`
    }),
    ...[...refused, ...gaveUp, ...descriptors].map(
      ({ from, to, text, count }) =>
        `<rect class="refused" x="${x(from)}" y="${y - 9}" width="${Math.max(3, x(to) - x(from))}" height="9"><title>${escapeHtml(`${clock(from)} ${text} (${count})`)}</title></rect>`,
    ),
  ])
  const name = result.masters.length === 0 ? 'master: not in these logs' : 'master'
  return `<text x="0" y="${y}">${name}</text>${marks.join('')}`
}

function row(result: DiagnosisResult, index: number): string {
  const frontend = result.frontends[index]
  const { states, timeouts } = trackOf(frontend, result, COLUMNS)
  const middle = LISTS + MASTER + index * ROW + ROW / 2
  const bars: string[] = []
  for (let from = 0; from < COLUMNS; ) {
    let to = from + 1
    while (to < COLUMNS && states[to] === states[from]) to++
    const height = HEIGHTS[states[from]]
    if (height > 0)
      bars.push(
        `<rect class="${states[from]}" x="${LEFT + from}" y="${middle - height / 2}" width="${to - from}" height="${height}"/>`,
      )
    from = to
  }
  const marks = timeouts.flatMap((is, i) =>
    is
      ? [
          `<path class="timeout" d="M${LEFT + i - 3.5} ${middle - 9}h7l-3.5 7z"><title>${escapeHtml(`${frontend.name} timed out`)}</title></path>`,
        ]
      : [],
  )
  return `<text x="0" y="${middle + 4}">${escapeHtml(short(frontend.name))}<title>${escapeHtml(frontend.name)}</title></text>${bars.join('')}${marks.join('')}`
}

function axis({ from, to }: DiagnosisResult, bottom: number): string {
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)]
  const days = from.slice(0, 10) !== to.slice(0, 10)
  return Array.from({ length: TICKS + 1 }, (_, i) => {
    const at = new Date(fromMs + ((toMs - fromMs) * i) / TICKS).toISOString()
    const x = LEFT + (COLUMNS * i) / TICKS
    const anchor = i === 0 ? 'start' : i === TICKS ? 'end' : 'middle'
    const text = days ? `${at.slice(5, 10)} ${at.slice(11, 16)}` : at.slice(11, 19)
    return `<line x1="${x}" x2="${x}" y1="4" y2="${bottom + 4}"/><text class="quiet" x="${x}" y="${bottom + 20}" text-anchor="${anchor}">${text}</text>`
  }).join('')
}

function legend(): string[] {
  const bar = (state: TrackState) =>
    `<svg class="plot key" viewBox="0 0 24 16" aria-hidden="true"><rect class="${state}" x="0" y="${8 - HEIGHTS[state] / 2}" width="24" height="${HEIGHTS[state]}"/></svg>`
  return [
    `<li>${bar('streaming')}streams</li>`,
    `<li>${bar('list')}waits for its list</li>`,
    `<li>${bar('refusing')}refuses its own clients</li>`,
    `<li>${bar('away')}without a connection</li>`,
    '<li><svg class="plot key" viewBox="0 0 24 16" aria-hidden="true"><path class="timeout" d="M7 4h10l-5 9z"/></svg>timed out</li>',
    '<li><svg class="plot key" viewBox="0 0 24 16" aria-hidden="true"><rect class="thrash" width="24" height="16"/></svg>thrash</li>',
  ]
}

function short(name: string): string {
  return name.length > 24 ? `${name.slice(0, 23)}…` : name
}
