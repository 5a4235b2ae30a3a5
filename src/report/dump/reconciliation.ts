import { printable } from '../../core/text-width.js'
import { formatCount } from '../../core/units.js'
import type { Forecast } from '../../dumps/forecast.js'
import type { Copy, Fate } from '../../dumps/reconciliation.js'

export interface DumpsReconciled {
  readonly master: {
    readonly path: string
    readonly mailboxes: number
    /** Servers of which no dump was given. */
    readonly notJudged: readonly { readonly server: string; readonly mailboxes: number }[]
  }
  /** In the order of the runs, each of which sees what those before it have changed. */
  readonly backends: readonly BackendReconciled[]
  /** Whether they are slaves too, of which nothing is deleted. */
  readonly unified: boolean
  /** Mailboxes that backends would delete of their own. */
  readonly wiped: number
}

export interface BackendReconciled {
  readonly server: string
  readonly path: string
  readonly mailboxes: number
  /** Of them, those that lie on another server: it is a slave too. */
  readonly elsewhere: number
  readonly fates: readonly {
    readonly fate: Fate
    readonly server?: string
    readonly copy?: Copy
    readonly count: number
    readonly first: readonly string[]
  }[]
  /** The mailbox at which the run would die; null where it would not. */
  readonly diesAt: string | null
}

export interface BackendRead {
  readonly server: string
  readonly path: string
  readonly mailboxes: number
  readonly elsewhere: number
  readonly forecast: Forecast
}

export function reconciliationJson(
  master: DumpsReconciled['master'],
  backends: readonly BackendRead[],
  unified: boolean,
): DumpsReconciled {
  return {
    master,
    unified,
    backends: backends.map(({ forecast, ...of }) => ({
      ...of,
      fates: forecast.all().map(({ names: { count, first }, ...kind }) => ({ ...kind, count, first })),
      diesAt: forecast.diesAt ?? null,
    })),
    // What dies has deleted nothing yet.
    wiped: backends.reduce(
      (sum, { forecast }) => sum + (forecast.diesAt === undefined ? forecast.count('wiped') : 0),
      0,
    ),
  }
}

export function reconciliationText({ master, backends, unified, wiped }: DumpsReconciled): string {
  const lines = [`${master.path}: ${formatCount(master.mailboxes)} mailboxes`]
  for (const backend of backends) lines.push('', ...backendLines(backend, unified))
  for (const { server, mailboxes } of master.notJudged)
    lines.push('', `${printable(server)}: ${formatCount(mailboxes)} mailboxes of the master, not judged: no dump of it`)
  if (wiped > 0)
    lines.push(
      '',
      `${formatCount(wiped)} would be DELETED on backends: --names wiped tells all; ctl_mboxlist -m -a would push them instead`,
    )
  return `${lines.join('\n')}\n`
}

function backendLines(
  { server, path, mailboxes, elsewhere, fates, diesAt }: BackendReconciled,
  unified: boolean,
): string[] {
  const lines = [`${printable(server)}, ${path}: ${formatCount(mailboxes)} mailboxes`]
  if (elsewhere > 0 && !unified)
    lines.push(`  ${formatCount(elsewhere)} of them on other servers: for a unified murder say so, by --unified`)
  for (const { count, first, ...kind } of fates) {
    const isTold = !['same', 'left', 'unreached', 'fatal'].includes(kind.fate)
    if (kind.fate !== 'fatal')
      lines.push(`  ${formatCount(count)} ${WORDS[kind.fate](kind.copy, kind.server)}${isTold ? ':' : ''}`)
    if (isTold) lines.push(...first.map(name => `    ${JSON.stringify(name)}`))
  }
  if (diesAt !== null)
    lines.push(
      `  DIES at ${JSON.stringify(diesAt)}, "mupdate said not us before it said us": the dumps are in different orders`,
      '  before it takes a flag away or deletes anything here',
    )
  return lines
}

type Words = (copy?: Copy, server?: string) => string

const WORDS: Readonly<Record<Fate, Words>> = {
  same: () => 'the same on the master',
  unknown: () => 'pushed: the master does not know them',
  partition: () => 'pushed: on another partition there',
  acl: () => 'pushed: another ACL there',
  reserved: () => 'pushed: only reserved there',
  unflagged: () => 'no longer flagged as moving, and pushed',
  removed: () => 'deleted from the master: not on this backend',
  left: (_copy, server) => `left alone: the master has them on ${printable(server ?? '')}`,
  wiped: (copy, server) => `DELETED here: the master has them on ${COPIES[copy ?? 'untold'](printable(server ?? ''))}`,
  fatal: () => 'at which it dies',
  unreached: () => 'behind it, not looked at',
}

const COPIES: Readonly<Record<Copy, (server: string) => string>> = {
  there: server => `${server}, where they are`,
  missing: server => `${server}, where they are NOT`,
  untold: server => `${server}, of which there is no dump`,
  here: () => 'another partition here, at another place of its list',
}
