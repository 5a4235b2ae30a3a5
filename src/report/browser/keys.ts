import type uPlot from 'uplot'
import type { ChartGroup } from './chart-group.js'

export const KEYS_HELP =
  'Arrow keys move the cursor, with Shift ten steps; plus and minus zoom about it, Escape shows all again.'

/** A chart that has the focus, by keys. */
export function listenToKeys(frame: HTMLElement, chart: () => uPlot | undefined, group: ChartGroup | undefined): void {
  frame.addEventListener('keydown', event => {
    const plot = chart()
    if (plot === undefined) return
    const step = event.shiftKey ? 10 : 1
    switch (event.key) {
      case 'ArrowRight':
        moveCursor(plot, step)
        break
      case 'ArrowLeft':
        moveCursor(plot, -step)
        break
      case '+':
        if (group !== undefined) zoomAbout(plot, group, 0.5)
        break
      case '-':
        if (group !== undefined) zoomAbout(plot, group, 2)
        break
      case 'Escape':
        group?.reset()
        break
      default:
        return
    }
    event.preventDefault()
  })
}

function moveCursor(plot: uPlot, step: number): void {
  const times = plot.data[0]
  const { min, max } = plot.scales.x
  const first = times.findIndex(time => time >= (min ?? 0))
  const last = times.findLastIndex(time => time <= (max ?? 0))
  const { idx } = plot.cursor
  const from = idx ?? (step > 0 ? first - 1 : last + 1)
  const next = Math.min(last, Math.max(first, from + step))
  if (next < 0 || times[next] === undefined) return
  publishCursor(plot, plot.valToPos(times[next], 'x'))
}

/** Moves the cursor of all charts: the third argument, which the types do not know, tells the others. */
function publishCursor(plot: uPlot, left: number): void {
  const setCursor: (position: { left: number; top: number }, fire: boolean, publish: boolean) => void = plot.setCursor
  setCursor({ left, top: 10 }, true, true)
}

function zoomAbout(plot: uPlot, group: ChartGroup, factor: number): void {
  const { min, max } = group.shown
  const { idx } = plot.cursor
  const centre = (idx === null || idx === undefined ? undefined : plot.data[0][idx]) ?? (min + max) / 2
  const half = ((max - min) * factor) / 2
  group.zoom(centre - half, centre + half)
}
