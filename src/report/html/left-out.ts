import { formatCount } from '../../core/units.js'
import type { RunPageData } from '../page/page-data.js'
import type { RunFiles } from '../run-files.js'
import { escapeHtml } from './escape.js'

/** Files of which not all could be read. */
export function damagedFiles({ damagedLines }: RunFiles): string {
  return Object.entries(damagedLines)
    .map(([name, count]) =>
      callout(`${name} is damaged: ${formatCount(count)} of its lines could not be read and are left out.`),
    )
    .join('')
}

/** Events that are too many to be marked. */
export function omittedEvents({ events }: RunFiles, drawn: RunPageData): string {
  const all = events.filter(({ atMs }) => atMs !== null).length
  const shown = drawn.events.length
  if (all <= shown) return ''
  return callout(
    `Of ${formatCount(all)} events the charts mark ${formatCount(shown)}: the gravest, the last and the first. The other ${formatCount(all - shown)} are in events.ndjson.`,
  )
}

function callout(text: string): string {
  return `<p class="callout">${escapeHtml(text)}</p>`
}
