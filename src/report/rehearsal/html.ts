import { stillDocument } from '../html/document.js'
import { escapeHtml } from '../html/escape.js'
import { list, table as tableHtml } from '../html/parts.js'
import { headlineOf, partsOf } from './page.js'
import type { Rehearsal } from './rehearsal.js'

/** The page, to be printed and laid beside the keyboard. */
export function rehearsalHtml(rehearsal: Rehearsal): string {
  const { harness, startedAt } = rehearsal.run
  const headline = headlineOf(rehearsal)
  const parts = partsOf(rehearsal).map(({ title, lines = [], table }) =>
    [
      title === '' ? '' : `<h2>${escapeHtml(title)}</h2>`,
      list(lines),
      table === undefined ? '' : tableHtml({ caption: title, head: table.head, body: table.rows }),
    ].join('\n'),
  )
  const header = `<header>
<p class="eyebrow">mupdate-bench ${escapeHtml(harness.version)}, ${escapeHtml(startedAt)}</p>
<h1>${escapeHtml(headline)}</h1>
</header>`
  return stillDocument(headline, [header, ...parts].join('\n'))
}
