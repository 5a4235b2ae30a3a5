import type { ErrorCode } from '../core/errors.js'
import type { MetricDelta } from './recorder.js'

export type SlaveMoveKind =
  /** It has begun to connect. */
  | 'connecting'
  /** UPDATE was sent: the list is on its way. */
  | 'dump'
  /** The list's OK has come. */
  | 'listed'
  /** It has the list in its own database, and serves its clients. */
  | 'ready'
  | 'timed-out'
  | 'dropped'
  | 'refused'
  | 'restarted'
  | 'joined'
  | 'left'

/** A change of one slave's fortune. */
export interface SlaveMove {
  readonly atNs: number
  readonly slave: number
  readonly kind: SlaveMoveKind
  /** Of `listed`: how many mailboxes. */
  readonly records?: number
  /** Of `refused` and `dropped`: why. */
  readonly code?: ErrorCode
}

/** Running totals of one thread; they only grow, but for the gauges. */
export interface Counters {
  /** On the wire. */
  bytesRead: number
  bytesWritten: number
  /** Before TLS and DEFLATE. */
  plainBytesRead: number
  plainBytesWritten: number
  droppedArrivals: number
  skippedOperations: number
  slaveResyncs: number
  slaveTimeouts: number
  slaveDrops: number
  slaveKicks: number
  /** Of the records in lists that slaves fetched again. */
  slaveListBytes: number
  /** Of the records that streamed to them after a list. */
  slaveUpdateBytes: number
  /** Most at one time. */
  slavesMost: number
  /** Gauges: now. */
  slavesStreaming: number
  operationsInFlight: number
  operationsQueued: number
  preloaded: number
}

export function newCounters(): Counters {
  return {
    bytesRead: 0,
    bytesWritten: 0,
    plainBytesRead: 0,
    plainBytesWritten: 0,
    droppedArrivals: 0,
    skippedOperations: 0,
    slaveResyncs: 0,
    slaveTimeouts: 0,
    slaveDrops: 0,
    slaveKicks: 0,
    slaveListBytes: 0,
    slaveUpdateBytes: 0,
    slavesMost: 0,
    slavesStreaming: 0,
    operationsInFlight: 0,
    operationsQueued: 0,
    preloaded: 0,
  }
}

/** What a worker hands up each second. */
export interface Interval {
  readonly worker: string
  readonly fromNs: number
  readonly toNs: number
  readonly metrics: readonly MetricDelta[]
  readonly moves: readonly SlaveMove[]
  readonly counters: Counters
  readonly eventLoopDelayUs: { readonly p50: number; readonly p99: number; readonly max: number }
}
