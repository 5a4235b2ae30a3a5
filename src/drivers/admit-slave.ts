import type { Credentials, MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import { HarnessError } from '../core/errors.js'
import { Slave, type SlaveObserver } from '../slaves/slave.js'

/** A frontend that has just come has nothing in its database, and a real one needs about that long (docs/slaves.md). */
const MERGE_NS_PER_MAILBOX = 16_000
const RETRY_DELAY_NS = 20e9
const LOGOUT_MS = 1000

export interface Admitted {
  /** In the list that it was given. */
  readonly mailboxes: number
  /** From connecting to when it serves its clients. */
  readonly readyMs: number
}

/** Lets one frontend join a master, until it is ready. @throws {HarnessError} when it is refused, or lost before */
export async function admitSlave(address: MasterAddress, credentials: Credentials, clock: Clock): Promise<Admitted> {
  const startNs = clock.nowNs()
  let slave: Slave | undefined
  try {
    return await new Promise<Admitted>((resolve, reject) => {
      let mailboxes = 0
      const refuse = (why: string) => reject(new HarnessError('MASTER_REFUSED', `a frontend was ${why}`, 'see its log'))
      const observer: SlaveObserver = {
        ...NOTHING_TO_TELL,
        loginRefused: (_due, _start, _now, error) => reject(error),
        dumped: (_due, _sent, _done, records) => {
          mailboxes = records
        },
        dumpRefused: (_due, _sent, _now, text) => refuse(`refused the list: ${text}`),
        ready: atNs => resolve({ mailboxes, readyMs: (atNs - startNs) / 1e6 }),
        dropped: reject,
      }
      const settings = { retryDelayNs: RETRY_DELAY_NS, mergeNsPerMailbox: MERGE_NS_PER_MAILBOX, random: () => 0 }
      slave = new Slave({ address, credentials, clock }, settings, observer, startNs)
    })
  } finally {
    await slave?.stop(LOGOUT_MS)
  }
}

const nothing = () => {}
const NOTHING_TO_TELL: SlaveObserver = {
  connecting: nothing,
  loggedIn: nothing,
  loginUnfinished: nothing,
  loginRefused: nothing,
  dumpBegun: nothing,
  dumped: nothing,
  dumpUnfinished: nothing,
  dumpRefused: nothing,
  ready: nothing,
  record: nothing,
  known: () => undefined,
  heard: nothing,
  noopAnswered: nothing,
  noopUnfinished: nothing,
  timedOut: nothing,
  dropped: nothing,
  restarted: nothing,
}
