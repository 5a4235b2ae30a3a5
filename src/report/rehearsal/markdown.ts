import { markdownList, markdownTable, markdownText } from '../markdown-text.js'
import { headlineOf, partsOf, type Rehearsal } from './page.js'

/** The page, for a ticket or a wiki. */
export function rehearsalMarkdown(rehearsal: Rehearsal): string {
  const parts = partsOf(rehearsal).flatMap(({ title, lines = [], table }) => [
    title === '' ? '' : `### ${markdownText(title)}`,
    markdownList(lines),
    table === undefined ? '' : markdownTable(table.head, table.rows, table.words),
  ])
  return `${[`## ${markdownText(headlineOf(rehearsal))}`, ...parts].filter(part => part !== '').join('\n\n')}\n`
}
