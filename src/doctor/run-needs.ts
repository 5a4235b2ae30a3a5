import { printable } from '../core/printable.js'
import { formatBytes, formatCount, formatDurationUs } from '../core/units.js'
import { simultaneousResyncs } from '../limits/resyncs.js'
import type { DoctorFacts } from '../metrics/doctor-result.js'
import { type Check, failed, notMeasured, ok } from './check.js'
import { roomForConnections } from './host.js'

/** imapd.conf(5) */
const DEFAULT_RETRY_DELAY_S = 20
const MOST_SERVERS = 8

/** What a run against it would need. */
export function runChecks(facts: DoctorFacts): Check[] {
  const { target, host } = facts
  return [
    target.words.length === 0
      ? ok('permission', 'none has to be given')
      : ok('permission', `people may depend on it: ${target.words.join(' and ')} have to be said`),
    ...(target.kind === 'remote'
      ? [ok('password', 'of MUPDATE_BENCH_PASSWORD, --password-file FILE or a prompt; never of the command line')]
      : []),
    ok('room', `this host can keep ${formatCount(roomForConnections(host))} connections: slaves, backends, probes`),
    list(facts),
  ]
}

function list({ list, listFailed, target }: DoctorFacts): Check {
  if (listFailed !== null)
    return failed(
      'list',
      listFailed.detail,
      listFailed.remedy || 'a slave would not get it either: see the master’s log',
    )
  if (list === null)
    return notMeasured(
      'list',
      'how long it takes decides how many frontends may resync at once',
      target.kind === 'remote'
        ? 'add --dump: it reads the whole list once and holds the lock meanwhile; or count lines of ctl_mboxlist -d: a 3.6.1 lists about 150,000 a second'
        : 'a master of one’s own is empty: run says how long its lists take',
    )
  const { mailboxes, reserved, bytes, firstMs, ms, servers } = list
  const perSecond = ms > 0 ? ` ${formatCount((mailboxes * 1e3) / ms)} a second,` : ''
  const of = reserved === 0 ? '' : ` (${formatCount(reserved)} of them reserved)`
  const waited = ms > 0 && firstMs > ms / 2 ? `; it began after ${formatDurationUs(firstMs * 1e3)}` : ''
  const said = `${formatCount(mailboxes)} mailboxes${of} in ${formatDurationUs(ms * 1e3)},${perSecond} ${formatBytes(bytes)}${waited}; ${serversText(servers)}`
  if (mailboxes === 0) return ok('list', 'it is empty')
  const { safe } = simultaneousResyncs(DEFAULT_RETRY_DELAY_S * 1e3, ms)
  return ok(
    'list',
    `${said}; with mupdate_retry_delay ${DEFAULT_RETRY_DELAY_S} up to ${formatCount(safe)} frontends may fetch it at once and none times out`,
  )
}

function serversText(servers: Readonly<Record<string, number>>): string {
  const all = Object.entries(servers).toSorted(([, a], [, b]) => b - a)
  const shown = all.slice(0, MOST_SERVERS).map(([name, count]) => `${printable(name)} ${formatCount(count)}`)
  const more = all.length > MOST_SERVERS ? ` and ${all.length - MOST_SERVERS} more` : ''
  return `on ${formatCount(all.length)} servers: ${shown.join(', ')}${more}`
}

/** To go on with: they can be pasted. */
export function commandsFor({ target, answer, login }: DoctorFacts): string[] {
  const { reach, words } = target
  switch (target.kind) {
    case 'embedded':
      return ['mupdate-bench run smoke', 'mupdate-bench run seed-2010 --master embedded:cyrus']
    case 'model':
      return ['mupdate-bench run seed-2010 --master embedded:cyrus']
    case 'cyrus':
      return ['mupdate-bench run smoke --master cyrus', 'mupdate-bench run seed-2010 --master cyrus']
    case 'remote':
      if (answer.kind !== 'mupdate' || login.kind !== 'done') return []
      return [['mupdate-bench run smoke --master', reach, ...words].join(' ')]
  }
}
