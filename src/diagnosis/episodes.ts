import { type Dump, QUIET_DELAYS, THRASH_CYCLES, type TimeOut } from '../slaves/thrash.js'
import type { Blame } from './blame.js'

export interface Episode {
  readonly onsetNs: number
  /** When the last list that it caused had arrived; undefined where it goes on at the log's end. */
  readonly endNs: number | undefined
  /** Longest chain of time-outs, each during a list that the one before had caused. */
  readonly cycles: number
  readonly timeouts: readonly TimeOut[]
}

/**
 * Thrashes, as src/slaves/thrash.ts defines them of a run: where that knows one from its first time-out to its end, a log
 * of weeks has several, each over when nobody timed out for {@link QUIET_DELAYS} retry delays and its lists had come.
 */
export function episodesOf({ dumps, timeouts }: Blame, retryDelayNs: number, endNs: number): Episode[] {
  const caused = timeouts.filter(({ generation }) => generation > 0)
  const lists = dumps.filter(({ generation }) => generation > 0)
  return groupsOf(caused, lists, retryDelayNs, endNs)
    .filter(({ cycles }) => cycles >= THRASH_CYCLES)
    .map(({ timeouts, cycles, quietNs, isOver }) => ({
      onsetNs: timeouts[0].atNs,
      endNs: isOver ? quietNs : undefined,
      cycles,
      timeouts,
    }))
}

interface Group {
  readonly timeouts: TimeOut[]
  cycles: number
  quietNs: number
  isOver: boolean
}

function groupsOf(caused: readonly TimeOut[], lists: readonly Dump[], retryDelayNs: number, endNs: number): Group[] {
  const groups: Group[] = []
  let next = 0
  for (const timeout of caused) {
    let group = groups.at(-1)
    for (; next < lists.length && lists[next].fromNs <= timeout.atNs; next++) takeList(group, lists[next])
    if (group === undefined || isOver(group, retryDelayNs, timeout.atNs)) {
      if (group !== undefined) group.isOver = true
      group = { timeouts: [], cycles: 0, quietNs: timeout.atNs, isOver: false }
      groups.push(group)
    }
    group.timeouts.push(timeout)
    group.cycles = Math.max(group.cycles, timeout.generation)
    group.quietNs = Math.max(group.quietNs, timeout.atNs)
  }
  const last = groups.at(-1)
  for (; next < lists.length; next++) takeList(last, lists[next])
  if (last !== undefined) last.isOver = isOver(last, retryDelayNs, endNs)
  return groups
}

function takeList(group: Group | undefined, { toNs }: Dump): void {
  if (group !== undefined) group.quietNs = Math.max(group.quietNs, toNs)
}

function isOver({ timeouts, quietNs }: Group, retryDelayNs: number, atNs: number): boolean {
  return timeouts.at(-1)!.atNs + QUIET_DELAYS * retryDelayNs < atNs && quietNs < atNs
}
