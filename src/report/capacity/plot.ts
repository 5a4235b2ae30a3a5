import { escapeHtml } from '../html/escape.js'

export interface PlotPoint {
  readonly x: number
  readonly y: number
  /** good: it held, or was fitted; bad: it failed, or was not; odd: nothing is known of the master. */
  readonly kind: 'good' | 'bad' | 'odd'
  readonly title: string
}

export interface Plot {
  readonly label: string
  readonly points: readonly PlotPoint[]
  /** A law that is drawn through them. */
  readonly curve?: (x: number) => number
  /** A line between points, in their order. */
  readonly isJoined?: boolean
  /** A level that must not be reached. */
  readonly limitY?: number
  readonly isLogX: boolean
  xText(value: number): string
  yText(value: number): string
}

const WIDTH = 480
const HEIGHT = 220
const LEFT = 84
const RIGHT = 24
const TOP = 14
const FLOOR = 184
const CURVE_STEPS = 60

/** A drawing with both axes' ends named; all its figures stand in a table beside it. */
export function plotSvg(plot: Plot): string {
  const { points, curve, isJoined, limitY, isLogX, label } = plot
  const xs = points.map(({ x }) => x)
  const [least, most] = [Math.min(...xs), Math.max(...xs)]
  const top = Math.max(...points.map(({ y }) => y), limitY ?? 0) * 1.05 || 1
  const on = (value: number) => (isLogX ? Math.log(Math.max(value, 1)) : value)
  const span = on(most) - on(least) || 1
  const x = (value: number) => (LEFT + ((WIDTH - LEFT - RIGHT) * (on(value) - on(least))) / span).toFixed(1)
  const y = (value: number) => (FLOOR - ((FLOOR - TOP) * Math.min(Math.max(value, 0), top)) / top).toFixed(1)
  const between = Array.from({ length: CURVE_STEPS + 1 }, (_, i) => {
    const at = on(least) + (span * i) / CURVE_STEPS
    return isLogX ? Math.exp(at) : at
  })
  const line = (css: string, drawn: readonly (readonly [number, number])[]) =>
    `<polyline class="${css}" points="${drawn.map(([at, value]) => `${x(at)},${y(value)}`).join(' ')}"/>`
  const parts = [
    `<line class="zero" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${FLOOR}" y2="${FLOOR}"/>`,
    text(LEFT - 8, TOP + 8, 'end', plot.yText(top / 1.05)),
    text(LEFT - 8, FLOOR, 'end', '0'),
    text(LEFT, HEIGHT - 8, 'start', plot.xText(least)),
    text(WIDTH - RIGHT, HEIGHT - 8, 'end', plot.xText(most)),
    limitY === undefined
      ? ''
      : `<line class="limit" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(limitY)}" y2="${y(limitY)}"/>`,
    curve === undefined
      ? ''
      : line(
          'level',
          between.map(at => [at, curve(at)] as const),
        ),
    isJoined === true
      ? line(
          'trend',
          points.map(point => [point.x, point.y] as const),
        )
      : '',
    ...points.map(point => mark(point, x(point.x), y(point.y))),
  ]
  return `<svg class="plot curve" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(`${label}; the same is in a table`)}">${parts.join('')}</svg>`
}

function text(x: number, y: number, anchor: string, words: string): string {
  return `<text class="quiet" x="${x}" y="${y}" text-anchor="${anchor}">${escapeHtml(words)}</text>`
}

/** A shape beside the colour: a disk, a cross, a ring. */
function mark({ kind, title }: PlotPoint, x: string, y: string): string {
  const named = `<title>${escapeHtml(title)}</title>`
  if (kind === 'bad')
    return `<g class="failed" transform="translate(${x} ${y})"><path d="M-5 -5 5 5M-5 5 5 -5"/>${named}</g>`
  return `<circle class="${kind === 'good' ? 'held' : 'void'}" cx="${x}" cy="${y}" r="4.5">${named}</circle>`
}
