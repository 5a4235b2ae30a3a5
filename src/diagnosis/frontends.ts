import type { LoggedProcess, SlaveEvent } from './log-book.js'

/** A frontend: slave processes one after the other. */
export interface Frontend {
  readonly name: string
  readonly host: string
  readonly ident: string
  readonly processes: readonly LoggedProcess[]
}

/**
 * Processes of one host and name that were never there together are one frontend that was restarted; those that were,
 * several that share a host.
 */
export function frontendsOf(processes: Iterable<LoggedProcess>): Frontend[] {
  const slaves = [...processes].filter(({ isSlave }) => isSlave).sort((a, b) => a.firstMs - b.firstMs)
  const lanes: LoggedProcess[][] = []
  for (const process of slaves) {
    const before = lanes
      .filter(lane => isBefore(lane.at(-1)!, process))
      .sort((a, b) => b.at(-1)!.lastMs - a.at(-1)!.lastMs)
    if (before.length === 0) lanes.push([process])
    else before[0].push(process)
  }
  return lanes
    .map(lane => {
      const [{ host, ident, pid }] = lane
      const onHost = lanes.filter(([other]) => other.host === host)
      const alike = onHost.filter(([other]) => other.ident === ident)
      const number = alike.length > 1 ? `[${pid ?? '?'}]` : ''
      const name = onHost.length === 1 ? host : `${host} ${ident}${number}`
      return { name, host, ident, processes: lane }
    })
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
}

function isBefore(earlier: LoggedProcess, later: LoggedProcess): boolean {
  return earlier.host === later.host && earlier.ident === later.ident && earlier.lastMs <= later.firstMs
}

/**
 * By time, and each once: a line may be in the frontend's own log and in that of the host that collects them.
 *
 * @param rank of a source: of two lines of one second that of the earlier log is first, since logs are rotated
 */
export function inOrder(events: readonly SlaveEvent[], rank: (source: number) => number): SlaveEvent[] {
  const sorted = [...events].sort((a, b) => a.atMs - b.atMs || rank(a.source) - rank(b.source))
  const numbers = new Map<LoggedProcess, number>()
  const kept = new Map<string, Kept[]>()
  return sorted.filter(({ process, saying, atMs, source }) => {
    if (!numbers.has(process)) numbers.set(process, numbers.size)
    const key = `${numbers.get(process)} ${saying.kind}`
    const near = (kept.get(key) ?? []).filter(line => atMs - line.atMs <= APART_MS)
    kept.set(key, near)
    const same = near.find(({ sources }) => !sources.has(source))
    if (same === undefined) near.push({ atMs, sources: new Set([source]) })
    else same.sources.add(source)
    return same === undefined
  })
}

/** Two hosts may stamp one line a second apart. */
const APART_MS = 1000

interface Kept {
  readonly atMs: number
  /** Logs that it was in. */
  readonly sources: Set<number>
}
