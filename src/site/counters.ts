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
  /** The latest of the samples' own stamps, of whatever they count. */
  readonly atMs?: number
}

/** Prometheus’s text of one backend, all services of it together. @throws {HarnessError} `USAGE` where it has none */
export function parseCounters(text: string, path: string): Counters {
  const sums = { creates: 0, others: 0 }
  let found = false
  let atMs: number | undefined
  for (const line of text.split('\n')) {
    const [, name, value, stamp] = /^([a-z_]+)(?:\{[^}]*\})?\s+([0-9.eE+]+)(?:\s+(\d+))?/.exec(line) ?? []
    if (stamp !== undefined) atMs = Math.max(atMs ?? 0, Number(stamp))
    if (name === undefined || !(name in CHANGES) || !Number.isFinite(Number(value))) continue
    found = true
    sums[CHANGES[name as keyof typeof CHANGES]] += Number(value)
  }
  if (found) return atMs === undefined ? sums : { ...sums, atMs }
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

/** Over less a rate is chance. */
const LEAST_S = 60

/** Between two scrapes: by their own stamps, or, where they have none, by the times of their files. */
export function secondsBetween(before: Counters, after: Counters, filesS: number): number {
  return before.atMs === undefined || after.atMs === undefined ? filesS : (after.atMs - before.atMs) / 1e3
}

/**
 * @param seconds between the two, or for how long it has counted
 * @throws {HarnessError} `USAGE` where counters went back, as the backend was restarted in between, or it is too short
 */
export function ratesOf(before: Counters, after: Counters, seconds: number, path: string): Rates {
  if (after.creates < before.creates || after.others < before.others || seconds < 0)
    throw new HarnessError(
      'USAGE',
      `${path}: its counters are less than those before: it was restarted, or they are the wrong way round`,
      'give the older one first; or one alone, with --uptime',
    )
  if (seconds < LEAST_S)
    throw new HarnessError(
      'USAGE',
      `${path}: counted for ${Number(seconds.toFixed(1))} s only`,
      `give counters of ${LEAST_S} s or more, best of a busy hour`,
    )
  return {
    createsPerSecond: (after.creates - before.creates) / seconds,
    otherChangesPerSecond: (after.others - before.others) / seconds,
  }
}
