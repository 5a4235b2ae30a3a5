/**
 * What `ctl_mboxlist -m` on a backend makes of a mailbox (imap/ctl_mboxlist.c of 3.x, do_pop_mupdate): first it asks the
 * master for the list of what is to be here, and deletes there what is not; then it goes through its own mailboxes.
 */
export const FATES = [
  /** Nothing is done: the master has it so. */
  'same',
  /** Pushed: the master does not know it. */
  'unknown',
  /** Pushed: the master has it on another partition here. */
  'partition',
  /** Pushed: it has another ACL there. */
  'acl',
  /** Pushed: it is only reserved there. */
  'reserved',
  /** No longer flagged as moving away, and pushed. */
  'unflagged',
  /** Deleted from the master, which has it here, where it is not. */
  'removed',
  /** In a unified murder: nothing is done, the master has it elsewhere. */
  'left',
  /** Deleted here: the master has it elsewhere. */
  'wiped',
  /** All ends here: the master has it here, and had not it next on its list. */
  'fatal',
  /** Behind that. */
  'unreached',
] as const
export type Fate = (typeof FATES)[number]

/** Where else a mailbox is that is deleted here. */
export type Copy =
  /** On the server on which the master has it. */
  | 'there'
  /** Not there, by the dump of that server. */
  | 'missing'
  /** There is no dump of that server. */
  | 'untold'
  /** The master has it here too, elsewhere on its list. */
  | 'here'

/** An entry of the master. */
export interface Told {
  /** Its place on the master's list. */
  readonly order: number
  readonly server: string
  readonly partition: string
  readonly acl: string
  readonly isReserved: boolean
}

/** An entry of a backend's own list. */
export interface Held {
  /** Which of the backends. */
  readonly backend: number
  /** Its place on that list, from 1. */
  readonly order: number
  readonly partition: string
  readonly acl: string
  /** `elsewhere`: of another server, as a backend has them that is a slave too (a unified murder). */
  readonly state: 'active' | 'reserved' | 'moving' | 'elsewhere'
}

/** What a run on one backend makes of a mailbox, up to the order in which it meets it. */
export interface Step {
  readonly backend: number
  /** 0 for what comes before all that is the backend's own. */
  readonly order: number
  /** Place on the master's list of what is to be here; undefined where it is not on it. */
  readonly listed: number | undefined
  readonly fate: Fate
  /** Where another one is next on that list: FIND then tells where it is. */
  readonly late: Fate
  /** Of what may be deleted here: the server on which the master has it. */
  readonly server: string
  readonly copy: Copy
}

/**
 * What one run on each backend, one after the other, makes of a mailbox. A run changes the master, and the next one sees
 * that: what is pushed by the first is deleted by the second that has it too.
 *
 * @param servers names of the backends, in the order of the runs
 */
export function stepsOf(told: Told | undefined, held: readonly Held[], servers: readonly string[]): Step[] {
  const steps: Step[] = []
  let master = told
  const home = told === undefined ? -1 : servers.indexOf(told.server)
  const turns = new Set(held.map(({ backend }) => backend))
  if (home !== -1) turns.add(home)
  for (const backend of [...turns].sort((a, b) => a - b)) {
    const [own, server] = [held.find(one => one.backend === backend), servers[backend]!]
    if (master?.server === server && !isFound(own)) {
      steps.push({ ...NOT_LISTED, backend, order: 0, fate: 'removed', late: 'removed' })
      master = undefined
    }
    if (own === undefined) continue
    const step = stepOf(own, master, server)
    steps.push(step.fate === 'wiped' ? { ...step, copy: copyOf(step.server, held, servers) } : step)
    const isPushed = step.fate !== 'same' && step.fate !== 'wiped'
    // No other backend's list has it now, so that its place matters no more.
    if (isPushed) master = { order: 0, server, partition: own.partition, acl: own.acl, isReserved: false }
  }
  return steps
}

const NOT_LISTED = { listed: undefined, server: '', copy: 'untold' } as const

/** imap/ctl_mboxlist.c pop_mupdate_cb */
function stepOf(own: Held, master: Told | undefined, server: string): Step {
  const { backend, order, state } = own
  const of = { backend, order }
  const isMoving = state === 'moving'
  if (master === undefined) {
    const fate = isMoving ? 'unflagged' : 'unknown'
    return { ...of, ...NOT_LISTED, fate, late: fate }
  }
  if (master.server !== server) return { ...of, ...NOT_LISTED, fate: 'wiped', late: 'wiped', server: master.server }
  const isHere = master.partition === own.partition
  return {
    ...of,
    listed: master.order,
    fate: isMoving ? 'unflagged' : pushReason(own, master),
    late: isHere ? 'fatal' : 'wiped',
    server,
    copy: 'here',
  }
}

function pushReason(own: Held, master: Told): Fate {
  if (master.isReserved) return 'reserved'
  if (master.partition !== own.partition) return 'partition'
  return master.acl === own.acl ? 'same' : 'acl'
}

/** imap/mboxlist.c mboxlist_lookup: what is reserved is not there. */
function isFound(own: Held | undefined): boolean {
  return own !== undefined && own.state !== 'reserved'
}

function copyOf(server: string, held: readonly Held[], servers: readonly string[]): Copy {
  const backend = servers.indexOf(server)
  if (backend === -1) return 'untold'
  const there = held.find(one => one.backend === backend)
  return isFound(there) && there!.state !== 'elsewhere' ? 'there' : 'missing'
}
