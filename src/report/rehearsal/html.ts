import { stillDocument } from '../html/document.js'
import { escapeHtml } from '../html/escape.js'
import { list, table } from '../html/parts.js'
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

/** The page, to be printed and laid beside the keyboard. */
export function rehearsalHtml(rehearsal: Rehearsal): string {
  const { harness, startedAt } = rehearsal.run
  const headline = headlineOf(rehearsal)
  const parts = [
    `<header>
<p class="eyebrow">mupdate-bench ${escapeHtml(harness.version)}, ${escapeHtml(startedAt)}</p>
<h1>${escapeHtml(headline)}</h1>
${list(reasonsOf(rehearsal))}</header>`,
    `<h2>Steps</h2>${table({ caption: 'Steps', head: STEP_HEAD, body: stepRows(rehearsal), words: [1] })}`,
    `<h2>Mailboxes of each server</h2>${table({ caption: 'Mailboxes of each server', head: SERVER_HEAD, body: serverRows(rehearsal) })}`,
    `<h2>Stop at these lines of syslog</h2>${table({ caption: 'Lines of syslog', head: ['line', 'of a', 'then'], body: STOP_LINES, words: [1, 2] })}`,
    `<h2>What users notice</h2>${list(usersNotice(rehearsal))}`,
    `<h2>Turning back</h2><p>${escapeHtml(rollbackText(rehearsal))}</p>`,
    `<h2>Not rehearsed</h2>${list(notRehearsed(rehearsal))}`,
    `<p>${escapeHtml(basisText(rehearsal))}</p>`,
  ]
  return stillDocument(headline, parts.join('\n'))
}
