import { wrap } from '../../core/text-width.js'
import { plainTable } from '../plain-table.js'
import {
  basisText,
  headlineOf,
  notRehearsed,
  type Rehearsal,
  reasonsOf,
  rollbackText,
  SERVER_HEAD,
  STEP_HEAD,
  STOP_LINES,
  serverRows,
  stepRows,
  usersNotice,
} from './page.js'

const COLUMNS = 80

/** The page, for a terminal. */
export function rehearsalText(rehearsal: Rehearsal): string {
  return [
    headlineOf(rehearsal),
    ...bullets(reasonsOf(rehearsal)),
    '',
    ...bullets(rehearsal.steps.map(({ name, what }) => `${name}: ${what}`)),
    tableText(withoutWords(STEP_HEAD), stepRows(rehearsal).map(withoutWords), 1),
    '',
    'mailboxes of each server',
    tableText(SERVER_HEAD, serverRows(rehearsal), 1),
    '',
    'stop at these lines of syslog',
    ...STOP_LINES.flatMap(([line, where, then]) => bullets([`${where}: “${line}”: ${then}`])),
    '',
    'what users notice',
    ...bullets(usersNotice(rehearsal)),
    '',
    'turning back',
    ...bullets([rollbackText(rehearsal)]),
    '',
    'not rehearsed',
    ...bullets(notRehearsed(rehearsal)),
    '',
    ...wrap(basisText(rehearsal), COLUMNS),
  ].join('\n')
}

function bullets(lines: readonly string[]): string[] {
  return lines.flatMap(line => wrap(line, COLUMNS - 4).map((part, i) => `${i === 0 ? '  • ' : '    '}${part}`))
}

/** What a step does is too wide for a table of 80 columns. */
function withoutWords([name, , ...figures]: readonly string[]): string[] {
  return [name!, ...figures]
}

/** @param left so many columns are words */
function tableText(head: readonly string[], rows: readonly (readonly string[])[], left: number): string {
  const table = plainTable(
    head,
    head.map((_, i) => (i < left ? 'left' : 'right')),
  )
  table.push(...rows.map(row => [...row]))
  return table.toString()
}
