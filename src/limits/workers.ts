import { DEADLY_CONNECTIONS } from '../masters/model/settings.js'

/** Beside streaming connections: creates, logins, `ctl_mboxlist -m`. */
export const SPARE_WORKERS = 10
/** imap/mupdate.c dies of an assertion at about 1,010 connections (lib/signals.c); this leaves a few. */
export const MOST_CONNECTIONS = 1_000

/** A count up to which all goes well, and one beyond which it does not. */
export interface Bounds {
  readonly low: number
  readonly high: number
}

/**
 * Streams that a master serves: each keeps a worker, and one more has to listen. mupdate may make a thread more than it
 * is told to.
 *
 * @param others connections beside them that need a worker at the same time
 */
export function streamsByWorkers(workersMax: number, others = 0): Bounds {
  return { low: Math.max(0, workersMax - 1 - others), high: Math.max(0, workersMax - others) }
}

/** Beyond it: `* BYE "Server Unable"`. */
export function streamsByConnections(connectionsMax: number, others = 0): number {
  return Math.max(0, connectionsMax - others)
}

/** One more and the whole master dies, whatever `mupdate_connections_max` says. */
export function streamsByDescriptors(others = 0): Bounds {
  return { low: Math.max(0, MOST_CONNECTIONS - others), high: DEADLY_CONNECTIONS - 1 - others }
}

export function workersFor(streams: number): number {
  return streams + SPARE_WORKERS
}

export function connectionsFor(streams: number): number {
  return Math.min(MOST_CONNECTIONS, workersFor(streams) * 2)
}
