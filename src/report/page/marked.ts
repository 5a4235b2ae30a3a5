/** More slaves than can be told apart as rows; they are counted by state then. */
export const MOST_ROWS = 200

const MARKED = new Set(['timeline', 'master-restarted', 'master-died', 'phase-limit', 'worker-died', 'http-failed'])

/** What is marked in all charts: what the profile or the master did, not what slaves did. */
export function isMarked(eventKind: string): boolean {
  return MARKED.has(eventKind)
}
