import type uPlot from 'uplot'

/** Charts over the same time: one cursor, one zoom. */
export class ChartGroup {
  private readonly charts = new Set<uPlot>()
  private range: { readonly min: number; readonly max: number } | undefined
  private applying = false
  /** Called when it is zoomed, and when it is not any more. */
  onZoom: (zoomed: boolean) => void = () => {}

  constructor(
    readonly key: string,
    /** All of the time, as far as it has come. */
    private full: { min: number; max: number },
  ) {}

  add(chart: uPlot): void {
    this.charts.add(chart)
  }

  remove(chart: uPlot): void {
    this.charts.delete(chart)
  }

  /** What every chart shows. */
  get shown(): { min: number; max: number } {
    return this.range ?? this.full
  }

  get zoomed(): boolean {
    return this.range !== undefined
  }

  /** There is more time than before; whoever looks at a part goes on looking at it. */
  extend(max: number): void {
    this.full = { min: this.full.min, max }
  }

  /** A chart was zoomed, by dragging over it or with keys: the others follow. */
  zoom(min: number, max: number): void {
    if (this.applying) return
    const least = (this.full.max - this.full.min) / 1000
    const from = Math.max(this.full.min, min)
    const to = Math.min(this.full.max, max)
    const whole = from <= this.full.min && to >= this.full.max
    if (!whole && to - from < least) return
    this.range = whole ? undefined : { min: from, max: to }
    this.apply()
  }

  reset(): void {
    this.range = undefined
    this.apply()
  }

  repaint(): void {
    for (const chart of this.charts) chart.redraw()
  }

  private apply(): void {
    this.applying = true
    const { min, max } = this.shown
    for (const chart of this.charts) chart.setScale('x', { min, max })
    this.applying = false
    this.onZoom(this.zoomed)
  }
}
