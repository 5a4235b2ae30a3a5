import { hasEnded } from './cpu-time.js'
import { parseSchedstat, type SchedTimes } from './proc.js'
import { listProc, readProc } from './read-proc.js'

/** Where one thread's time went between two looks. */
export interface ThreadShare {
  readonly tid: number
  /** Share of the time on a CPU, 0 to 1. */
  readonly runShare: number
  /** Share of the time ready to run and without a CPU, 0 to 1. */
  readonly waitShare: number
}

/** A thread that was on a CPU or waiting for one this share of the time has no room left. */
export const PEGGED_SHARE = 0.95

/** Cumulative times of each thread of a process; `undefined` when the process is gone. */
export function readThreadTimes(processDir: string): Map<number, SchedTimes> | undefined {
  const tids = listProc(`${processDir}/task`)
  if (!tids) return undefined
  const times = new Map<number, SchedTimes>()
  for (const tid of tids) {
    const parsed = parseSchedstat(readProc(`${processDir}/task/${tid}/schedstat`) ?? '')
    if (parsed) times.set(Number(tid), parsed)
  }
  return times
}

/**
 * Deltas of two looks. A thread that was not there before began since, so all of its time counts; one that has ended
 * takes its last piece along (`/proc/PID/stat` keeps that). The kernel books time at ticks and switches, up to a few
 * ms late, so a share can come out above 1 and is capped.
 */
export function threadShares(
  before: ReadonlyMap<number, SchedTimes>,
  after: ReadonlyMap<number, SchedTimes>,
  elapsedNs: number,
): ThreadShare[] {
  const shares: ThreadShare[] = []
  for (const [tid, now] of after) {
    const then = sameThread(before.get(tid), now)
    shares.push({
      tid,
      runShare: Math.min(1, (now.runNs - then.runNs) / elapsedNs),
      waitShare: Math.min(1, (now.waitNs - then.waitNs) / elapsedNs),
    })
  }
  return shares
}

const BEGINNING: SchedTimes = { runNs: 0, waitNs: 0 }

function sameThread(then: SchedTimes | undefined, now: SchedTimes): SchedTimes {
  return then && !hasEnded(then, now) ? then : BEGINNING
}
