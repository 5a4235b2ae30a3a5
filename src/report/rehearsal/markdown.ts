import { markdownList, markdownTable, markdownText } from '../markdown-text.js'
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

/** The page, for a ticket or a wiki. */
export function rehearsalMarkdown(rehearsal: Rehearsal): string {
  const parts = [
    `## ${markdownText(headlineOf(rehearsal))}`,
    markdownList(reasonsOf(rehearsal)),
    markdownTable(STEP_HEAD, stepRows(rehearsal), 2),
    '### Mailboxes of each server',
    markdownTable(SERVER_HEAD, serverRows(rehearsal)),
    '### Stop at these lines of syslog',
    markdownTable(
      ['line', 'of a', 'then'],
      STOP_LINES.map(line => [...line]),
      3,
    ),
    '### What users notice',
    markdownList(usersNotice(rehearsal)),
    '### Turning back',
    markdownText(rollbackText(rehearsal)),
    '### Not rehearsed',
    markdownList(notRehearsed(rehearsal)),
    markdownText(basisText(rehearsal)),
  ]
  return `${parts.filter(part => part !== '').join('\n\n')}\n`
}
