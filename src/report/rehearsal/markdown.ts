import { widthOf, wrap } from '../../core/text-width.js'
import { markdownTable, markdownText } from '../markdown-text.js'
import { headlineOf, partsOf } from './page.js'
import type { Rehearsal } from './rehearsal.js'

/** The page, for a ticket or a wiki. */
export function rehearsalMarkdown(rehearsal: Rehearsal): string {
  const parts = partsOf(rehearsal).flatMap(({ title, lines = [], table }) => [
    title === '' ? '' : `### ${markdownText(title)}`,
    lines.map(item).join('\n'),
    table === undefined ? '' : markdownTable(table.head, table.rows, table.words),
  ])
  return `${[`## ${markdownText(headlineOf(rehearsal))}`, ...parts].filter(part => part !== '').join('\n\n')}\n`
}

/** It is read in a terminal and in a ticket's text field too. */
const COLUMNS = 80

function item(line: string): string {
  const text = markdownText(line)
  // A word that is cut may be an escape, or somebody's name.
  const isLong = text.split(' ').some(word => widthOf(word) > COLUMNS - 4)
  const [first, ...others] = isLong ? [text] : wrap(text, COLUMNS - 2)
  return [`- ${first}`, ...others.map(unled)].join('\n')
}

/** A line that goes on must not begin another list, or make a heading of the one before it. */
function unled(line: string): string {
  return line.replace(/^( *)([#+=-]+|\d+[.)])(?= |$)/, (_, lead: string, leader: string) => {
    return `${lead}${leader.slice(0, -1)}\\${leader.slice(-1)}`
  })
}
