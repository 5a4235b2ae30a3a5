import { formatCount } from '../../core/units.js'
import type { RunFiles } from '../run-files.js'
import { escapeHtml } from './escape.js'

/** What of a run's files is not on the page. */
export function leftOut({ damagedLines }: RunFiles): string {
  return Object.entries(damagedLines)
    .map(
      ([name, count]) => `${name} is damaged: ${formatCount(count)} of its lines could not be read and are left out.`,
    )
    .map(text => `<p class="callout">${escapeHtml(text)}</p>`)
    .join('')
}
