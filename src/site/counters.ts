import { HarnessError } from '../core/errors.js'

/** What backends count that reaches the master (imap/promdata.p), by what it is there. */
const CHANGES = {
  cyrus_imap_create_total: 'creates',
  cyrus_imap_delete_total: 'others',
  cyrus_imap_rename_total: 'others',
  cyrus_imap_setacl_total: 'others',
  cyrus_imap_deleteacl_total: 'others',
} as const

/** Changes of one backend since it began to count. */
export interface Counters {
  readonly creates: number
  readonly others: number
}

/** Prometheus’s text of one backend, all services of it together. @throws {HarnessError} `USAGE` where it has none */
export function parseCounters(text: string, path: string): Counters {
  const sums = { creates: 0, others: 0 }
  let found = false
  for (const line of text.split('\n')) {
    const [, name, value] = /^([a-z_]+)(?:\{[^}]*\})?\s+([0-9.eE+]+)/.exec(line) ?? []
    if (name === undefined || !(name in CHANGES) || !Number.isFinite(Number(value))) continue
    found = true
    sums[CHANGES[name as keyof typeof CHANGES]] += Number(value)
  }
  if (found) return sums
  throw new HarnessError(
    'USAGE',
    `${path}: no counters of a Cyrus backend`,
    'give what it serves at /metrics, with lines such as cyrus_imap_create_total{…} 12',
  )
}

export interface Rates {
  readonly createsPerSecond: number
  readonly otherChangesPerSecond: number
}

/**
 * @param seconds between the two, or for how long it has counted
 * @throws {HarnessError} `USAGE` where counters went back: the backend was restarted in between
 */
export function ratesOf(before: Counters, after: Counters, seconds: number, path: string): Rates {
  if (after.creates < before.creates || after.others < before.others || seconds <= 0)
    throw new HarnessError(
      'USAGE',
      `${path}: its counters are less than those before: it was restarted, or they are the wrong way round`,
      'give the older one first; or one alone, with --uptime',
    )
  return {
    createsPerSecond: (after.creates - before.creates) / seconds,
    otherChangesPerSecond: (after.others - before.others) / seconds,
  }
}
