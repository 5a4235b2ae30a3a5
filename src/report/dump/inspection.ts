import { formatCount } from '../../core/units.js'
import type { DumpEntry, DumpFormat } from '../../dumps/dump-entry.js'
import type { Inspection, OrderedNames, SortedNames } from '../../dumps/inspection.js'
import type { Findings, Spread } from '../../dumps/spread.js'
import { printable } from '../../core/text-width.js'
import { plainTable } from '../plain-table.js'

type Summary = ReturnType<Spread['summary']>

/** What is odd, in the words of {@link inspectionText}, and the first of them. */
interface Oddity {
  readonly what: string
  readonly count: number
  readonly first: readonly string[]
}

export interface DumpInspected {
  readonly path: string
  readonly format: DumpFormat
  readonly lines: number
  readonly badLines: number
  /** Tombstones (`deleted`) and what is reserved or moved are not among the active. */
  readonly mailboxes: Readonly<Record<DumpEntry['state'], number>>
  readonly servers: readonly {
    readonly name: string
    readonly mailboxes: number
    readonly partitions: Readonly<Record<string, number>>
  }[]
  readonly users: number
  readonly shared: number
  readonly deletedTrees: number
  readonly domains: number
  readonly mailboxesPerUser: Summary
  readonly most: { readonly owner: string; readonly mailboxes: number }
  readonly nameBytes: Summary
  readonly aclBytes: Summary
  readonly identifiers: Summary
  readonly odd: readonly Oddity[]
}

export function inspectionJson(
  path: string,
  { format, lines, bad }: { readonly format: DumpFormat; readonly lines: number; readonly bad: number },
  inspection: Inspection,
  sorted: SortedNames,
  ordered: OrderedNames,
): DumpInspected {
  const servers = [...inspection.servers]
    .map(([name, { mailboxes, partitions }]) => ({ name, mailboxes, partitions: Object.fromEntries(partitions) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return {
    path,
    format,
    lines,
    badLines: bad,
    mailboxes: inspection.states,
    servers,
    users: sorted.users,
    shared: sorted.shared - inspection.deletedTrees,
    deletedTrees: inspection.deletedTrees,
    domains: ordered.domains,
    mailboxesPerUser: sorted.perUser.summary(),
    most: sorted.most,
    nameBytes: inspection.nameBytes.summary(),
    aclBytes: inspection.aclBytes.summary(),
    identifiers: inspection.identifiers.summary(),
    odd: oddities(inspection, sorted, ordered),
  }
}

function oddities(inspection: Inspection, { duplicates }: SortedNames, { atRisk }: OrderedNames): Oddity[] {
  const found: [string, Findings][] = [
    ['more than once in the dump', duplicates],
    ['names longer than 490 bytes: nobody can create them', inspection.overlong],
    ['partitions longer than 64 bytes', inspection.longPartitions],
    ['on a server, and on no partition', inspection.withoutPartition],
    ...[...inspection.odd].map(([what, names]): [string, Findings] => [`${what} in the name`, names]),
    [
      'which a database of 3.6 has not where strcmp would: what is deleted near them while a frontend is away can cost it these too',
      atRisk,
    ],
  ]
  return found.flatMap(([what, { count, first }]) => (count === 0 ? [] : [{ what, count, first }]))
}

export function inspectionText(found: DumpInspected): string {
  const { mailboxes, badLines, users, shared, deletedTrees, domains, most } = found
  const there = mailboxes.active + mailboxes.reserved + mailboxes.moving
  const states = (['reserved', 'moving'] as const).filter(state => mailboxes[state] > 0)
  const among = states.map(state => `${formatCount(mailboxes[state])} ${state}`).join(', ')
  const lines = [
    `${found.path}: ${formatCount(there)} mailboxes${among === '' ? '' : ` (${among})`}, as Cyrus ${VERSIONS[found.format]} dumps them`,
    ...(mailboxes.deleted > 0 ? [`${formatCount(mailboxes.deleted)} tombstones, of which nobody is told`] : []),
    ...(badLines > 0 ? [`${formatCount(badLines)} lines that are no mailbox, left out`] : []),
    `${formatCount(users)} users; ${formatCount(shared)} shared mailboxes, ${formatCount(deletedTrees)} deleted ones to be expired${domains > 0 ? `; ${formatCount(domains)} virtual domains` : ''}`,
    '',
    spreads(found),
    ...(most.mailboxes > 0 ? [`the most has ${printable(most.owner)}: ${formatCount(most.mailboxes)} mailboxes`] : []),
    '',
    serverTable(found),
  ]
  for (const { what, count, first } of found.odd)
    lines.push('', `${formatCount(count)} ${what}:`, ...first.map(name => `  ${JSON.stringify(name)}`))
  return `${lines.join('\n')}\n`
}

const VERSIONS: Readonly<Record<DumpFormat, string>> = {
  '2.2': '2.2 to 2.3.0',
  '2.3.7': '2.3.7 to 2.3.9',
  '2.3.12': '2.3.12 to 2.4 and 3.0 to 3.4',
  '3.6': '3.6 and later',
}

function spreads({ mailboxesPerUser, nameBytes, aclBytes, identifiers }: DumpInspected): string {
  const table = plainTable(['', 'half', 'p90', 'p99', 'most'], ['left', 'right', 'right', 'right', 'right'])
  const row = (title: string, summary: Summary) => {
    if (summary === null) return
    const { p50, p90, p99, max } = summary
    table.push([title, ...[p50, p90, p99, max].map(formatCount)])
  }
  row('mailboxes of a user', mailboxesPerUser)
  row('bytes of a name', nameBytes)
  row('bytes of an ACL', aclBytes)
  row('identifiers in an ACL', identifiers)
  return table.toString()
}

function serverTable({ servers }: DumpInspected): string {
  const table = plainTable(['server', 'partition', 'mailboxes'], ['left', 'left', 'right'])
  for (const { name, partitions } of servers) {
    const of = Object.entries(partitions).sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [partition, count] of of)
      table.push([name === '' ? '(not said)' : printable(name), printable(partition), formatCount(count)])
  }
  return table.toString()
}
