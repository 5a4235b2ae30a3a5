import type { EventLine } from '../../metrics/second-line.js'

/** More slaves than can be told apart as rows; they are counted by state then. */
export const MOST_ROWS = 200

const MARKED = new Set([
  'timeline',
  'master-restarted',
  'master-died',
  'phase-limit',
  'worker-died',
  'http-failed',
  'probe-lost',
  'probe-back',
])

/** What is marked in all charts: what the profile or the master did, not what slaves did. */
export function isMarked(eventKind: string): boolean {
  return MARKED.has(eventKind)
}

/** After which nothing is as it was. */
const GRAVEST = new Set(['master-died', 'master-restarted', 'worker-died'])

/** So many events at most, by time: of the gravest and of all the last before the first, since there a run ended. */
export function telling(events: readonly EventLine[], most: number): EventLine[] {
  if (events.length <= most) return [...events]
  const grave = events.filter(({ kind }) => GRAVEST.has(kind))
  const lasts = Math.ceil(most / 4)
  const byWeight = new Set([...grave.slice(-lasts), ...events.slice(-lasts), ...grave, ...events])
  const kept = new Set([...byWeight].slice(0, most))
  return events.filter(event => kept.has(event))
}
