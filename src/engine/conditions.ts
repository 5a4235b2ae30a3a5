import { formatCount } from '../core/units.js'
import { DEADLY } from '../masters/cyrus/dangers.js'
import type { SlaveMove } from '../metrics/interval.js'
import type { ConditionName } from '../metrics/run-result.js'

export interface MasterCondition {
  readonly name: ConditionName
  /** When it was first seen. */
  readonly atNs: number
  /** What was seen, and what it means. */
  readonly detail: string
  readonly remedy: string
}

export interface Seen {
  /** Of all slaves, by time. */
  readonly moves: readonly SlaveMove[]
  /** When operations' connections had waited for a banner, or their login, as long as a Cyrus client does. By time. */
  readonly unserved: readonly number[]
  /** Streaming connections of the harness's own probes: each keeps a worker too. */
  readonly streamingProbes: number
  /** As many connections as backends may have under way at once, one for each operation; 0 where they keep theirs. */
  readonly briefConnections: number
  /** Lines of a managed master's log, with their times. */
  readonly log: readonly { readonly atNs: number; readonly line: string }[]
  readonly restarts: readonly number[]
  /** Connections that were lost while commands that kill some masters were unanswered on them. */
  readonly losses: readonly Loss[]
  readonly overflows: readonly Overflow[]
}

/** Between two looks so many connections found a listen queue of the master's host full. */
export interface Overflow {
  readonly fromNs: number
  readonly toNs: number
  readonly count: number
}

export interface Loss {
  readonly atNs: number
  /** `DELETE user.x (backend 2)` */
  readonly suspects: readonly string[]
}

/** How long a slave waits for a banner (imap/mupdate-client.c, client_timeout). */
const CLIENT_TIMEOUT_NS = 10e9
/** A stream keeps its worker from here on (imap/mupdate.c, update_wait). */
const UPDATE_WAIT_NS = 5e9
/** A list this much shorter than the one held before is no change of a site but a loss. */
const COLLAPSE_SHARE = 0.5
const COLLAPSE_LEAST = 100
/** Between the loss of the connections and the notice of a restart; a busy thread may be the later of both. */
export const LOSS_NEAR_NS = 1e9
/** A timer that is late, or a clock read twice. */
const QUEUE_NEAR_NS = 0.5e9
const MOST_SUSPECTS = 5
/** Of lines of a log, or other signs of which the first are enough. */
export const MOST_SIGNS = 100

/** What the signs add up to, the first of each kind. */
export function conditionsOf(seen: Seen): MasterCondition[] {
  return [
    workersExhausted(seen),
    connectionsExhausted(seen),
    descriptorsExhausted(seen),
    listenQueueFull(seen),
    masterRestarted(seen),
    catalogueCollapsed(seen),
  ]
    .filter(condition => condition !== undefined)
    .sort((a, b) => a.atNs - b.atNs)
}

/**
 * Linux answers a connection that finds the queue full with nothing, or, while handshakes are pending too, with a SYN
 * cookie, whose last packet it then drops: who connected believes that it is through, and waits for a banner for good.
 */
function listenQueueFull({ overflows }: Seen): MasterCondition | undefined {
  const [first] = overflows
  if (first === undefined) return undefined
  const count = overflows.reduce((sum, overflow) => sum + overflow.count, 0)
  return {
    name: 'listen-queue-full',
    atNs: first.fromNs,
    detail: `connections found the listen queue full ${formatCount(count)} times: they try again after 1, 3 and 7 s, and some believe that they are through and get no banner`,
    remedy:
      'a longer queue (of Cyrus: master -l 1024, 32 by default; never more than net.core.somaxconn), or fewer connections at one time',
  }
}

/** A silence that the kernel caused; `askedNs` is when the connection was begun, and its next try came 1 s later. */
function isQueues(overflows: readonly Overflow[], askedNs: number): boolean {
  return overflows.some(({ fromNs, toNs }) => askedNs >= fromNs - QUEUE_NEAR_NS && askedNs <= toNs + QUEUE_NEAR_NS)
}

/**
 * Accepted by the kernel, and no banner within `client_timeout`: nobody takes the connection from the listener
 * (imap/mupdate.c: each streaming connection keeps a worker for good once its 5 s timer has fired).
 */
function workersExhausted({
  moves,
  unserved,
  restarts,
  streamingProbes,
  briefConnections,
  overflows,
}: Seen): MasterCondition | undefined {
  const isServing = serving(restarts, moves)
  const serves = (atNs: number) => isServing(atNs) && !isQueues(overflows, atNs - CLIENT_TIMEOUT_NS)
  const silent = moves.find(({ kind, code, atNs }) => kind === 'refused' && code === 'TIMEOUT' && serves(atNs))
  const silentNs = Math.min(silent?.atNs ?? Infinity, unserved.find(serves) ?? Infinity)
  if (silentNs === Infinity) return undefined
  const askedNs = silentNs - CLIENT_TIMEOUT_NS
  const served = moves.findLast(({ kind, atNs }) => kind === 'dump' && atNs <= askedNs)
  const slaves = streamingAt(moves, askedNs)
  const most = slaves + streamingProbes
  const least = Math.min(
    most,
    (served === undefined ? 0 : streamingAt(moves, served.atNs - UPDATE_WAIT_NS)) + streamingProbes + 1,
  )
  const own = streamingProbes > 0 ? ` and ${streamingProbes} of the harness’s own probes` : ''
  const streams = `with ${most} streaming connections (${slaves} slaves${own})`
  if (briefConnections > 0) {
    return {
      name: 'workers-exhausted',
      atNs: askedNs,
      detail: `${streams} and up to ${briefConnections} of operations under way a new one gets no banner: each of either kind keeps a worker, an operation’s while it waits for the lock, and none is left`,
      remedy: `operations on connections that are kept, or mupdate_workers_max well above ${most + briefConnections} (50 by default)`,
    }
  }
  const range = least < most ? `; up to ${least - 1} went well` : ''
  return {
    name: 'workers-exhausted',
    atNs: askedNs,
    detail: `${streams} a new one gets no banner${range}: each keeps a worker, and none is left`,
    remedy: `mupdate_workers_max well above ${most} (50 by default), or fewer slaves`,
  }
}

/** A master that died, and whose port its parent holds, greets nobody either: it has to have served a slave since. */
function serving(restarts: readonly number[], moves: readonly SlaveMove[]): (atNs: number) => boolean {
  const backNs = restarts.map(
    restartNs => moves.find(({ kind, atNs }) => kind === 'listed' && atNs > restartNs)?.atNs ?? Infinity,
  )
  return atNs => {
    const last = restarts.findLastIndex(restartNs => restartNs <= atNs)
    return last === -1 || backNs[last] <= atNs
  }
}

/** Says nothing about whether a slave streams. */
const UNMOVED: ReadonlySet<SlaveMove['kind']> = new Set(['refused', 'joined', 'connecting'])

function streamingAt(moves: readonly SlaveMove[], atNs: number): number {
  const streaming = new Set<number>()
  for (const move of moves) {
    if (move.atNs > atNs) break
    if (move.kind === 'ready') streaming.add(move.slave)
    else if (!UNMOVED.has(move.kind)) streaming.delete(move.slave)
  }
  return streaming.size
}

function connectionsExhausted({ moves, log }: Seen): MasterCondition | undefined {
  const refused = moves.find(({ kind, code }) => kind === 'refused' && code === 'MASTER_BYE')
  const said = log.find(({ line }) => line.includes('Server too busy, dropping connection'))
  const atNs = Math.min(refused?.atNs ?? Infinity, said?.atNs ?? Infinity)
  if (atNs === Infinity) return undefined
  return {
    name: 'connections-exhausted',
    atNs,
    detail: 'new connections are met with BYE "Server Unable"',
    remedy: 'a larger mupdate_connections_max (128 by default), but no more than about 1,000: beyond, mupdate dies',
  }
}

/** lib/signals.c asserts `nfds < FD_SETSIZE`, whatever `maxfds` allows. */
function descriptorsExhausted({ log }: Seen): MasterCondition | undefined {
  const said = log.find(({ line }) => line.includes('FD_SETSIZE'))
  if (said === undefined) return undefined
  return {
    name: 'descriptors-exhausted',
    atNs: said.atNs,
    detail: `mupdate died, and all slaves with it: ${said.line}`,
    remedy: 'mupdate_connections_max below 1,000, so that it turns connections away before it dies of them',
  }
}

function masterRestarted({ restarts, losses, log }: Seen): MasterCondition | undefined {
  if (restarts.length === 0) return undefined
  const times = restarts.length === 1 ? 'once' : `${formatCount(restarts.length)} times`
  // What died of its descriptors did not die of a command.
  const blamed = log.some(({ line }) => line.includes('FD_SETSIZE')) ? [] : losses
  const suspects = blamed
    .filter(({ atNs }) => restarts.some(restartNs => Math.abs(restartNs - atNs) <= LOSS_NEAR_NS))
    .flatMap(loss => loss.suspects)
  return {
    name: 'master-restarted',
    atNs: restarts[0],
    detail: `mupdate was restarted ${times}: all slaves lost it and fetched the list again${suspicion(suspects)}`,
    remedy: `${suspects.length > 0 ? 'see whether the master had these names: if not, they are what killed it; ' : ''}the events before it (connection-lost) say what it did last; Cyrus gives a service up after 5 quick failures, until a SIGHUP`,
  }
}

function suspicion(suspects: readonly string[]): string {
  if (suspects.length === 0) return ''
  const more = suspects.length > MOST_SUSPECTS ? ` and ${formatCount(suspects.length - MOST_SUSPECTS)} more` : ''
  const why = Object.entries(DEADLY)
    .filter(([kind]) => suspects.some(suspect => suspect.startsWith(`${kind} `)))
    .map(([, reason]) => reason)
  return `; unanswered when it went: ${suspects.slice(0, MOST_SUSPECTS).join(', ')}${more}: ${why.join('; ')}`
}

function catalogueCollapsed({ moves }: Seen): MasterCondition | undefined {
  const held = new Map<number, number>()
  for (const { kind, slave, atNs, records } of moves) {
    if (kind !== 'listed' || records === undefined) continue
    const before = held.get(slave) ?? 0
    held.set(slave, records)
    if (before < COLLAPSE_LEAST || records >= before * COLLAPSE_SHARE) continue
    return {
      name: 'catalogue-collapsed',
      atNs,
      detail: `slave ${slave} had ${formatCount(before)} mailboxes and was given a list of ${formatCount(records)}: a real slave deletes the others`,
      remedy: 'stop the slaves before a master with a doubtful database is started; load its list again first',
    }
  }
  return undefined
}
