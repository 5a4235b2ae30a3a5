import type { Calibration, Cost } from '../masters/model/calibration.js'
import { HELD_SHARE } from '../masters/model/connection.js'
import { type Estimate, plus, times } from './estimate.js'

/** A normal distribution's 95 %. */
const SIGMAS = 1.96
/** Changes of one create: RESERVE and ACTIVATE. */
const CHANGES_OF_A_CREATE = 2

/** How long one UPDATE or LIST holds the lock, as the calibration has it. */
export function listMs(calibration: Calibration, mailboxes: number): Estimate {
  const { costs } = calibration
  return times(plus(times(ownCost(calibration, 'dumpPerMailbox'), mailboxes), medianOf(costs.handOver)), 1e-3)
}

/** How long a real slave needs to write the list into its own database; undefined where none was measured. */
export function mergeMs({ mergePerMailbox }: Calibration, mailboxes: number): Estimate | undefined {
  return mergePerMailbox === null ? undefined : times(medianOf(mergePerMailbox), mailboxes / 1e3)
}

/**
 * For how long one create keeps the lock: its two changes, each noted for every stream, and each looked up again for
 * every stream it is sent to (imap/mupdate.c cmd_set, sendupdates).
 */
export function createLockUs(calibration: Calibration, streams: number): Estimate {
  const { costs } = calibration
  const own = plus(medianOf(costs.reserve), medianOf(costs.activate))
  const forEach = plus(medianOf(costs.logPerStream), times(medianOf(costs.updatePerPending), HELD_SHARE))
  return plus(own, times(forEach, CHANGES_OF_A_CREATE * streams))
}

/** Whether a change's fsync is in its costs. */
export function isOfDisk({ master }: Calibration): boolean {
  return /on disk/.test(master.mailboxDatabase)
}

/**
 * Creates a second with mailboxes.db on a disk, each connection waiting for its answers: one connection, and eight.
 * Measured on 3.6.1, on the disk of a virtual machine; each change is 2 fdatasync and 1 fsync.
 */
export const DISK_CREATES_PER_SECOND = { one: 414, eight: 629 } as const

/** The median, within its 95 % interval. */
export function medianOf({ low, p50, high }: Cost): Estimate {
  return { low, likely: p50, high }
}

/** And within what one master differs from the next, where that was measured. */
function ownCost({ costs, betweenMasters }: Calibration, name: keyof Calibration['costs']): Estimate {
  const { low, likely, high } = medianOf(costs[name])
  const factor = Math.exp(SIGMAS * (betweenMasters ?? 0))
  return { low: low / factor, likely, high: high * factor }
}
