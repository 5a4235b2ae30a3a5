import { HarnessError } from '../core/errors.js'
import type { Clock } from '../core/clock.js'
import { costOf } from '../drivers/calibration/cost-of.js'
import { CyrusSlave } from '../masters/cyrus/cyrus-slave.js'
import type { Master } from '../masters/master.js'
import type { Cost } from '../masters/model/calibration.js'

/** Slaves that fetch the list, one after the other, each with a database of its own. */
const SLAVES = 3
const LIMIT_MS = 60_000
/** What a slave logs when it begins to merge, and when it has (imap/mupdate-slave.c mupdate_synchronize). */
const BEGINS = 'synchronizing mailbox list with master'
const ENDS = 'mailbox list synchronization complete'

/**
 * How long a real slave needs to write the list into its database, for each mailbox: between two lines of its log. Its
 * clients are turned away for so long.
 *
 * @param mailboxes of the list
 * @returns µs
 * @throws {HarnessError} `TIMEOUT` for a slave that does not come to an end of it
 */
export async function measureMerge(
  master: Master,
  mailboxes: number,
  clock: Clock,
  prefix: string | undefined,
): Promise<Cost> {
  const samples: number[] = []
  for (let i = 0; i < SLAVES; i++) samples.push((await mergeNs(master, clock, prefix)) / 1e3 / mailboxes)
  return costOf(samples, 'mergePerMailbox')
}

async function mergeNs(master: Master, clock: Clock, prefix: string | undefined): Promise<number> {
  let slave: CyrusSlave | undefined
  let begunNs = 0
  let limit: NodeJS.Timeout | undefined
  try {
    return await new Promise<number>((resolve, reject) => {
      const late = new HarnessError(
        'TIMEOUT',
        `no real slave had the list after ${LIMIT_MS / 1000} s`,
        'leave --real-slave out',
      )
      limit = setTimeout(() => reject(late), LIMIT_MS)
      const onLine = (line: string) => {
        if (line.includes(BEGINS)) begunNs = clock.nowNs()
        if (line.includes(ENDS)) resolve(clock.nowNs() - begunNs)
      }
      CyrusSlave.start(master.address, master.credentials, {
        onLine,
        ...(prefix === undefined ? {} : { prefix }),
      }).then(started => {
        slave = started
      }, reject)
    })
  } finally {
    clearTimeout(limit)
    await slave?.stop()
  }
}
