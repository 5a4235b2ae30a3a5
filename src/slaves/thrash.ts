import type { SlaveMove } from '../metrics/interval.js'

/** `docs/results.md` repeats these definitions. */
export interface Thrash {
  /**
   * `none`: no time-out was caused by lists that earlier time-outs had caused. `ended`: some were, and all was quiet
   * again. `sustained`: it went on to the end.
   */
  readonly state: 'none' | 'ended' | 'sustained'
  /** First time-out while another slave's list was on its way. */
  readonly onsetNs: number | undefined
  /** When the last list that it caused had arrived; undefined while it goes on. */
  readonly endNs: number | undefined
  /** Longest chain of time-outs, each during a list that the one before had caused. */
  readonly cycles: number
  /** Time-outs while another slave's list was on its way. */
  readonly causedTimeouts: number
  /** Share of the time from the onset (of the whole time without one) in which some list was on its way. */
  readonly dumpShare: number
  /**
   * Fewest slaves ready at one time from the onset to the end (without a thrash: since each had been ready once);
   * undefined where that never was.
   */
  readonly leastReady: number | undefined
}

/** How the master gives out its list. */
export interface DumpCost {
  /** Lists that arrived whole. */
  readonly count: number
  /** Time in which some list was on its way, shared out over them: a master serves one at a time. */
  readonly holdNs: number
}

/** A list on its way. */
export interface Dump {
  readonly slave: number
  readonly fromNs: number
  /** Infinity while it is on its way. */
  toNs: number
  whole: boolean
  /** 0: begun for another reason than a time-out; else one more than that of the list during which its slave timed out. */
  readonly generation: number
}

export interface TimeOut {
  readonly slave: number
  readonly atNs: number
  /** 0: no other slave's list was on its way; else one more than the highest of those that were. */
  readonly generation: number
  /** Of other slaves, on their way in the silence before it. */
  readonly during: readonly Dump[]
}

/** A slave that has timed out is back after 1.5 retry delays at most, and times out after two more. */
export const QUIET_DELAYS = 3.5
/** A chain of one is a time-out and no more: the failure is that it feeds itself. */
export const THRASH_CYCLES = 2

/**
 * Judges what slaves went through.
 *
 * @param moves of all slaves, by time
 * @param endNs of what was seen
 */
export function detectThrash(moves: readonly SlaveMove[], retryDelayNs: number, endNs: number): Thrash {
  const { dumps, timeouts } = followLists(moves, retryDelayNs)
  const caused = timeouts.filter(({ generation }) => generation > 0)
  const cycles = most(0, caused, ({ generation }) => generation)
  const onsetNs = cycles >= THRASH_CYCLES ? caused[0].atNs : undefined
  const fromNs = onsetNs ?? moves[0]?.atNs ?? endNs
  const dumpShare = endNs > fromNs ? busyNs(dumps, fromNs, endNs) / (endNs - fromNs) : 0
  const found = { cycles, causedTimeouts: caused.length, dumpShare }
  if (onsetNs === undefined) {
    const leastReady = leastReadyWithin(moves, allReadyNs(moves), endNs)
    return { ...found, state: 'none', onsetNs, endNs: undefined, leastReady }
  }
  const lastNs = most(0, caused, ({ atNs }) => atNs)
  const lists = dumps.filter(({ generation }) => generation > 0)
  const quietNs = most(lastNs, lists, ({ toNs }) => toNs)
  const over = lastNs + QUIET_DELAYS * retryDelayNs < endNs && quietNs < endNs
  const leastReady = leastReadyWithin(moves, onsetNs, over ? quietNs : endNs)
  return over
    ? { ...found, state: 'ended', onsetNs, endNs: quietNs, leastReady }
    : { ...found, state: 'sustained', onsetNs, endNs: undefined, leastReady }
}

/** @returns undefined when no list arrived whole */
export function dumpCost(moves: readonly SlaveMove[], endNs: number): DumpCost | undefined {
  const whole = followLists(moves, 0).dumps.filter(dump => dump.whole)
  return whole.length === 0
    ? undefined
    : { count: whole.length, holdNs: busyNs(whole, whole[0].fromNs, endNs) / whole.length }
}

/** Without a spread: there may be more items than a call takes arguments. */
function most<T>(least: number, items: readonly T[], of: (item: T) => number): number {
  let greatest = least
  for (const item of items) greatest = Math.max(greatest, of(item))
  return greatest
}

/** @param moves of all slaves, by time */
export function followLists(
  moves: readonly SlaveMove[],
  retryDelayNs: number,
): { readonly dumps: readonly Dump[]; readonly timeouts: readonly TimeOut[] } {
  const dumps: Dump[] = []
  const timeouts: TimeOut[] = []
  /** Those that can still be what a time-out was waiting for: few, however many there have been. */
  let late: Dump[] = []
  const under = new Map<number, Dump>()
  /** What the next list of a slave that timed out will be. */
  const due = new Map<number, number>()
  const end = (slave: number, atNs: number, whole: boolean) => {
    const dump = under.get(slave)
    if (dump === undefined) return
    dump.toNs = atNs
    dump.whole = whole
    under.delete(slave)
  }
  for (const { kind, slave, atNs } of moves) {
    switch (kind) {
      case 'dump': {
        const dump: Dump = { slave, fromNs: atNs, toNs: Infinity, whole: false, generation: due.get(slave) ?? 0 }
        due.delete(slave)
        dumps.push(dump)
        late.push(dump)
        under.set(slave, dump)
        break
      }
      case 'listed':
        end(slave, atNs, true)
        break
      case 'timed-out': {
        late = late.filter(dump => dump.toNs > atNs - 2 * retryDelayNs)
        const others = late.filter(dump => dump.slave !== slave && dump.fromNs < atNs)
        const generation = others.length === 0 ? 0 : 1 + most(0, others, dump => dump.generation)
        timeouts.push({ slave, atNs, generation, during: others })
        due.set(slave, generation)
        break
      }
      case 'dropped':
      case 'refused':
      case 'restarted':
      case 'left':
        end(slave, atNs, false)
        if (kind !== 'refused') due.delete(slave)
        break
      case 'connecting':
      case 'ready':
      case 'joined':
        break
    }
  }
  return { dumps, timeouts }
}

/** @returns when the last of those that had joined until then was ready for the first time; undefined when never */
function allReadyNs(moves: readonly SlaveMove[]): number | undefined {
  const awaited = new Set<number>()
  let anyReady = false
  for (const { kind, slave, atNs } of moves) {
    if (kind === 'joined') awaited.add(slave)
    else if (kind === 'ready' || kind === 'left') awaited.delete(slave)
    anyReady ||= kind === 'ready'
    if (anyReady && awaited.size === 0) return atNs
  }
  return undefined
}

function leastReadyWithin(moves: readonly SlaveMove[], fromNs: number | undefined, toNs: number): number | undefined {
  if (fromNs === undefined) return undefined
  const ready = new Set<number>()
  let i = 0
  for (; i < moves.length && moves[i].atNs <= fromNs; i++) account(ready, moves[i])
  let least = ready.size
  for (; i < moves.length && moves[i].atNs <= toNs; i++) {
    if (account(ready, moves[i])) least = Math.min(least, ready.size)
  }
  return least
}

/** Keeps the set of slaves that have their list and stream. @returns whether one was lost */
function account(ready: Set<number>, { kind, slave }: SlaveMove): boolean {
  switch (kind) {
    case 'ready':
      ready.add(slave)
      return false
    case 'dump':
    case 'timed-out':
    case 'dropped':
    case 'restarted':
    case 'left':
      return ready.delete(slave)
    case 'joined':
      // After a phase without slaves they are new ones, and those of before had been dismissed in silence.
      ready.delete(slave)
      return false
    case 'connecting':
    case 'listed':
    case 'refused':
      return false
  }
}

/** Length of the union of the dumps within a span. */
function busyNs(dumps: readonly Dump[], fromNs: number, toNs: number): number {
  let busy = 0
  let coveredNs = fromNs
  for (const dump of [...dumps].sort((a, b) => a.fromNs - b.fromNs)) {
    const startNs = Math.max(dump.fromNs, coveredNs)
    const stopNs = Math.min(dump.toNs, toNs)
    if (stopNs <= startNs) continue
    busy += stopNs - startNs
    coveredNs = stopNs
  }
  return busy
}
