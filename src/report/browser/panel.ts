import type uPlot from 'uplot'
import { element } from './elements.js'
import type { Ink } from './theme.js'

const LEAST_WIDTH = 200

export interface LegendEntry {
  readonly label: string
  readonly colour: Ink
  /** How it is told from the others without its colour. */
  readonly shape: 'line' | 'dashed' | 'dotted' | 'area' | 'block' | 'thin'
}

/** A chart's place on the page: title, legend with the values at the cursor, the drawing, the same as a table. */
export class Panel {
  readonly figure: HTMLElement
  /** Where the chart is drawn; it takes the focus and the keys. */
  readonly frame: HTMLElement
  private readonly legend = element('ul', { class: 'legend' })
  private readonly note: HTMLElement
  private readonly cautioned = element('p', { class: 'note caution', hidden: '' })
  private readonly table: HTMLDetailsElement
  private outputs: HTMLElement[] = []

  constructor(
    readonly id: string,
    private readonly title: string,
    note: string,
    rows: () => TableRows,
  ) {
    const heading = element('h3', { id: `${id}-title` }, title)
    this.note = element('p', { class: 'note' }, note)
    this.frame = element('div', { class: 'frame', id, role: 'img', tabindex: '0' })
    this.table = lazyTable(`${title}, as a table`, rows)
    this.figure = element('section', { class: 'panel', 'aria-labelledby': `${id}-title` }, heading, this.note)
    this.figure.append(this.cautioned, this.legend, this.frame, this.table)
  }

  /** px that a drawing may take. */
  get width(): number {
    return Math.max(LEAST_WIDTH, this.frame.clientWidth)
  }

  /** Keeps a drawing as wide as its place. */
  fit(plot: () => uPlot | undefined): void {
    new ResizeObserver(() => {
      const drawn = plot()
      if (drawn !== undefined && drawn.width !== this.width) drawn.setSize({ width: this.width, height: drawn.height })
    }).observe(this.frame)
  }

  /** What a screen reader says of the drawing. */
  describe(text: string): void {
    this.frame.setAttribute('aria-label', `${this.title}. ${text}`)
  }

  /** Below the note, what holds of what is drawn now; nothing where nothing does. */
  caution(text: string): void {
    this.cautioned.textContent = text
    this.cautioned.hidden = text === ''
  }

  setLegend(entries: readonly LegendEntry[]): void {
    this.outputs = entries.map(() => element('span', { class: 'value' }))
    const items = entries.map(({ label, colour, shape }, i) =>
      element(
        'li',
        {},
        element('span', { class: `swatch ${shape} ${colour}`, 'aria-hidden': 'true' }),
        label,
        this.outputs[i],
      ),
    )
    this.legend.replaceChildren(...items)
  }

  /** Beside the names, what they are at the cursor; nothing where it is nowhere. */
  showValues(values: readonly string[]): void {
    for (const [i, output] of this.outputs.entries()) output.textContent = values[i] ?? ''
  }

  /** In place of a drawing. */
  sayMissing(text: string): void {
    this.frame.replaceChildren(element('p', { class: 'missing' }, text))
    this.frame.removeAttribute('tabindex')
    this.frame.removeAttribute('role')
    this.legend.hidden = true
    this.table.hidden = true
    this.note.hidden = true
    this.figure.classList.add('empty')
  }

  /** There is something to draw after all. */
  clearMissing(): void {
    this.frame.replaceChildren()
    this.frame.setAttribute('tabindex', '0')
    this.frame.setAttribute('role', 'img')
    this.legend.hidden = false
    this.table.hidden = false
    this.note.hidden = false
    this.figure.classList.remove('empty')
  }
}

export interface TableRows {
  readonly head: readonly string[]
  readonly body: readonly (readonly string[])[]
}

/** Made when it is opened: an hour has thousands of rows, and few look at them. */
function lazyTable(summary: string, rows: () => TableRows): HTMLDetailsElement {
  const details = element('details', {}, element('summary', {}, summary))
  details.addEventListener('toggle', () => {
    details.querySelector('div')?.remove()
    if (!details.open) return
    const { head, body } = rows()
    const header = element('tr', {}, ...head.map(text => element('th', { scope: 'col' }, text)))
    const lines = body.map(([first, ...others]) =>
      element('tr', {}, element('th', { scope: 'row' }, first), ...others.map(text => element('td', {}, text))),
    )
    const table = element('table', {}, element('thead', {}, header), element('tbody', {}, ...lines))
    details.append(element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': summary }, table))
  })
  return details
}
