import { printable, wrap } from '../../core/text-width.js'
import { plainTable } from '../plain-table.js'
import { headlineOf, partsOf } from './page.js'
import type { Part, PartTable, Rehearsal } from './rehearsal.js'

const COLUMNS = 80

/** The page, for a terminal. */
export function rehearsalText(rehearsal: Rehearsal): string {
  return [...wrap(printable(headlineOf(rehearsal)), COLUMNS), ...partsOf(rehearsal).flatMap(partLines)].join('\n')
}

function partLines({ title, lines = [], table }: Part): string[] {
  return [
    ...(title === '' ? [] : ['', title]),
    ...lines.flatMap(bullet),
    ...(table === undefined ? [] : [tableText(table)]),
  ]
}

function bullet(line: string): string[] {
  return wrap(printable(line), COLUMNS - 4).map((part, i) => `${i === 0 ? '  • ' : '    '}${part}`)
}

function tableText({ head, rows, words }: PartTable): string {
  const table = plainTable(
    head,
    head.map((_, i) => (i < words ? 'left' : 'right')),
  )
  table.push(...rows.map(row => row.map(printable)))
  return table
    .toString()
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n')
}
