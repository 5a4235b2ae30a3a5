import { constants, getPriority, setPriority } from 'node:os'

/**
 * Load comes after who answers it and who measures, where CPUs are too few.
 *
 * @param tid the kernel's number of a thread of this process; if absent the one that calls, and those that it starts
 */
export function giveWay(tid = 0): void {
  try {
    const { PRIORITY_BELOW_NORMAL } = constants.priority
    if (getPriority(tid) < PRIORITY_BELOW_NORMAL) setPriority(tid, PRIORITY_BELOW_NORMAL)
  } catch {
    // Where it may not, it measures all the same.
  }
}
