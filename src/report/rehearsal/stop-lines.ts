import { formatCount, formatDurationUs } from '../../core/units.js'
import type { Part, Rehearsal } from './rehearsal.js'

interface StopLine {
  readonly where: 'frontend' | 'master'
  /** As syslog has it. */
  readonly line: string
  /** What to do when the step has been ended. */
  readonly remedy: string
}

/** One lets another frontend in when so many lists are over: the master is free half of the time (docs/diagnose.md). */
const LISTS_BETWEEN = 2

function stopLines({ run, mailboxes }: Rehearsal): StopLine[] {
  const { dumpHoldMs } = run.slaves
  const pause =
    dumpHoldMs === null
      ? 'when the one before says “mailbox list synchronization complete”'
      : `each ${formatDurationUs(LISTS_BETWEEN * dumpHoldMs * 1e3)} at the soonest, and not before the one before says “mailbox list synchronization complete”`
  return [
    {
      where: 'frontend',
      line: 'connection to master timed out',
      remedy: `mupdate-bench diagnose LOGS, of all frontends and the master, says which to stop (systemctl stop cyrus-imapd); let them back (systemctl start cyrus-imapd) one after the other, ${pause}`,
    },
    {
      where: 'master',
      line: 'Server too busy, dropping connection',
      remedy: 'mupdate_connections_max is reached; go on when no such line has come for a minute, at a lower rate',
    },
    {
      where: 'master',
      line: 'signals_select: nfds = …/1024',
      remedy: 'at 1024 mupdate dies: systemctl stop cyrus-imapd on a frontend that can be spared',
    },
    {
      where: 'master',
      line: 'process type:SERVICE name:mupdate … signaled to death',
      remedy: `systemctl stop cyrus-imapd on all frontends, until ctl_mboxlist -d | wc -l on the master says what it said before the night (${formatCount(mailboxes)} mailboxes were rehearsed); if mupdate does not come back, systemctl kill -s HUP cyrus-imapd on the master`,
    },
  ]
}

const LETTERS = 'ABCD'
/** In the runbook: each of them means it in each step. */
export const STOP_LETTERS = `${LETTERS[0]}–${LETTERS.at(-1)}`

/** Lines of syslog that mean stop, in whatever step, and what to do then. */
export function stopPart(rehearsal: Rehearsal): Part {
  return {
    title: 'Stop at these lines of syslog',
    lines: [
      'first of all end the step: Ctrl-C where it was started (cyradm, ctl_mboxlist, your own script); none is begun before all is calm. cyrus-imapd is the service on Debian',
      ...stopLines(rehearsal).map(({ where, line, remedy }, i) => `${LETTERS[i]}, ${where}: “${line}”: ${remedy}`),
    ],
  }
}
