import { wrap } from '../../core/text-width.js'
import { plainTable } from '../plain-table.js'
import { headlineOf, type Part, type PartTable, partsOf, type Rehearsal } from './page.js'

const COLUMNS = 80

/** The page, for a terminal. */
export function rehearsalText(rehearsal: Rehearsal): string {
  return [headlineOf(rehearsal), ...partsOf(rehearsal).flatMap(partLines)].join('\n')
}

function partLines({ title, lines = [], table }: Part): string[] {
  return [
    ...(title === '' ? [] : ['', title]),
    ...lines.flatMap(bullet),
    ...(table === undefined ? [] : [tableText(table)]),
  ]
}

function bullet(line: string): string[] {
  return wrap(line, COLUMNS - 4).map((part, i) => `${i === 0 ? '  • ' : '    '}${part}`)
}

function tableText({ head, rows, words }: PartTable): string {
  const table = plainTable(
    head,
    head.map((_, i) => (i < words ? 'left' : 'right')),
  )
  table.push(...rows.map(row => [...row]))
  return table.toString()
}
