import type { ChartGroup } from './chart-group.js'
import { element } from './elements.js'
import { formatClock } from './format.js'
import { KEYS_HELP } from './keys.js'

/** How to zoom, and what is shown now. */
export function toolbar(group: ChartGroup): HTMLElement {
  const reset = element('button', { type: 'button', class: 'reset' }, 'Show all')
  const shown = element('output', { class: 'shown' })
  reset.hidden = true
  reset.addEventListener('click', () => group.reset())
  group.onZoom = zoomed => {
    reset.hidden = !zoomed
    const { min, max } = group.shown
    shown.textContent = zoomed ? `${formatClock(min, true)} to ${formatClock(max, true)}` : ''
  }
  const help = element('p', {}, `Drag over a chart to zoom into all of them, double-click for all. ${KEYS_HELP}`)
  return element('div', { class: 'toolbar' }, help, shown, reset)
}
