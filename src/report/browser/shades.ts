import type uPlot from 'uplot'
import type { PageEvent, PhaseSpan } from '../page/page-data.js'
import { FONT, ink } from './theme.js'

/** What lies behind all charts of a run. */
export interface Backdrop {
  readonly phases: readonly PhaseSpan[]
  readonly thrash: readonly [number, number] | null
  readonly events: readonly PageEvent[]
}

/** Room above the plot for the names of phases and the numbers of events. */
export const TOP_PX = 18

/** Phases as bands, a thrash as a tinted one, events as numbered lines. */
export function backdropPlugin(backdrop: () => Backdrop, pegged?: () => readonly (readonly [number, number])[]) {
  return {
    hooks: {
      drawClear: (plot: uPlot) => {
        const { phases, thrash } = backdrop()
        const painter = new Painter(plot)
        for (const [i, phase] of phases.entries()) {
          if (i % 2 === 1) painter.band(phase.fromS, phase.toS, ink('phase'))
          painter.caption(phase.name, phase.fromS, phase.toS)
        }
        if (thrash !== null) {
          painter.band(thrash[0], thrash[1], ink('thrash', 0.13))
          painter.ceiling(thrash[0], thrash[1], ink('thrash'))
        }
        for (const [from, to] of pegged?.() ?? []) painter.band(from, to, ink('pegged', 0.3))
      },
      draw: (plot: uPlot) => {
        const painter = new Painter(plot)
        for (const [i, event] of backdrop().events.entries()) painter.mark(event.atS, String(i + 1))
      },
    },
  }
}

/** Draws between the plot's edges, in the canvas's own pixels. */
class Painter {
  private readonly context: CanvasRenderingContext2D
  private readonly scale: number
  private lastMarkX = Number.NEGATIVE_INFINITY

  constructor(private readonly plot: uPlot) {
    this.context = plot.ctx
    this.scale = devicePixelRatio
  }

  band(from: number, to: number, fill: string): void {
    const { top, height } = this.plot.bbox
    const [left, right] = this.clipped(from, to)
    if (right <= left) return
    this.context.save()
    this.context.fillStyle = fill
    this.context.fillRect(left, top, Math.max(right - left, this.scale), height)
    this.context.restore()
  }

  /** A bar above the plot, so that the span is not told by its tint alone. */
  ceiling(from: number, to: number, fill: string): void {
    const [left, right] = this.clipped(from, to)
    if (right <= left) return
    this.context.save()
    this.context.fillStyle = fill
    this.context.fillRect(left, this.plot.bbox.top - 3 * this.scale, right - left, 3 * this.scale)
    this.context.restore()
  }

  /** A phase's name above the plot, where there is room for it. */
  caption(text: string, from: number, to: number): void {
    const { context, scale } = this
    const [left, right] = this.clipped(from, to)
    context.save()
    context.font = scaledFont(scale)
    context.fillStyle = ink('muted')
    context.textAlign = 'left'
    context.textBaseline = 'bottom'
    if (context.measureText(text).width + 8 * scale < right - left)
      context.fillText(text, left + 4 * scale, this.plot.bbox.top - 4 * scale)
    context.restore()
  }

  mark(at: number, label: string): void {
    const { context, scale } = this
    const { top, height } = this.plot.bbox
    const [x] = this.clipped(at, at)
    if (x !== this.x(at)) return
    context.save()
    context.strokeStyle = ink('text')
    context.lineWidth = scale
    context.setLineDash([3 * scale, 3 * scale])
    context.beginPath()
    context.moveTo(x, top)
    context.lineTo(x, top + height)
    context.stroke()
    context.font = scaledFont(scale, 10)
    const width = context.measureText(label).width + 6 * scale
    if (x - this.lastMarkX > width + scale) {
      context.fillStyle = ink('text')
      context.fillRect(x - width / 2, top, width, 13 * scale)
      context.fillStyle = ink('grid')
      context.textAlign = 'center'
      context.textBaseline = 'middle'
      context.fillText(label, x, top + 7 * scale)
      this.lastMarkX = x
    }
    context.restore()
  }

  private clipped(from: number, to: number): [number, number] {
    const { left, width } = this.plot.bbox
    const clip = (x: number) => Math.min(left + width, Math.max(left, x))
    return [clip(this.x(from)), clip(this.x(to))]
  }

  private x(at: number): number {
    return this.plot.valToPos(at, 'x', true)
  }
}

export function scaledFont(scale: number, px = 12): string {
  return FONT.replace('12px', `${px * scale}px`)
}
