import { isHarnessError, isRefusal, messageOf } from '../core/errors.js'
import type { SlaveMove, SlaveMoveKind } from '../metrics/interval.js'
import type { Follower } from '../slaves/follower.js'
import type { KnownRun } from '../slaves/known-list.js'
import type { SlaveObserver } from '../slaves/slave.js'
import type { RecordSpan } from '../wire/record-scanner.js'
import type { DriverContext } from './context.js'

/** What it needs of a run, or of a simulation. */
export type WatcherContext = Pick<
  DriverContext,
  'recorder' | 'counters' | 'clock' | 'phase' | 'move' | 'event' | 'unserved'
>

/** Puts what one slave sees into the run's metrics, counters and events. */
export class SlaveWatcher implements SlaveObserver {
  private dumps = 0
  /** Lists asked for, whether they came or not. */
  private asked = 0
  private listing = false

  constructor(
    private readonly context: WatcherContext,
    private readonly index: number,
    private readonly follower: Follower | undefined,
    readonly heard: () => void,
  ) {}

  move(kind: SlaveMoveKind, atNs = this.context.clock.nowNs(), more: Pick<SlaveMove, 'records' | 'code'> = {}): void {
    this.context.move({ atNs, slave: this.index, kind, ...more })
  }

  connecting(atNs: number): void {
    this.move('connecting', atNs)
  }

  loggedIn(dueNs: number, startNs: number, doneNs: number): void {
    this.metric('LOGIN', dueNs).add('ok', dueNs, startNs, doneNs)
  }

  /** The list that was to follow is unfinished too. */
  loginUnfinished(dueNs: number, startNs: number, nowNs: number): void {
    this.metric('LOGIN', dueNs).add('unfinished', dueNs, startNs, nowNs)
    this.metric('UPDATE', dueNs).add('unfinished', dueNs, undefined, nowNs)
  }

  loginRefused(dueNs: number, startNs: number, nowNs: number, error: unknown): void {
    this.metric('LOGIN', dueNs).add(isRefusal(error) ? 'failed' : 'unfinished', dueNs, startNs, nowNs)
    this.move('refused', nowNs, isHarnessError(error) ? { code: error.code } : {})
    this.event('slave-refused', messageOf(error))
  }

  dumpBegun(sentNs: number): void {
    this.asked++
    this.listing = true
    this.follower?.beginList()
    this.move('dump', sentNs)
  }

  dumped(dueNs: number, sentNs: number, doneNs: number, records: number): void {
    this.metric('UPDATE', dueNs).add('ok', dueNs, sentNs, doneNs)
    this.listing = false
    this.follower?.endList(doneNs)
    this.move('listed', doneNs, { records })
    const resync = this.dumps++ > 0
    if (resync) this.context.counters.slaveResyncs++
    this.event(
      resync ? 'slave-resynced' : 'slave-synced',
      `${records} mailboxes in ${((doneNs - sentNs) / 1e9).toFixed(3)} s`,
    )
  }

  dumpUnfinished(dueNs: number, sentNs: number, nowNs: number): void {
    this.follower?.dropList()
    this.metric('UPDATE', dueNs).add('unfinished', dueNs, sentNs, nowNs)
  }

  dumpRefused(dueNs: number, sentNs: number, nowNs: number, text: string): void {
    this.metric('UPDATE', dueNs).add('failed', dueNs, sentNs, nowNs)
    this.move('refused', nowNs)
    this.event('slave-refused', `UPDATE: ${text}`)
  }

  ready(atNs: number): void {
    this.move('ready', atNs)
  }

  record(record: RecordSpan, atNs: number): void {
    this.received(record.byteCount)
    this.follower?.take(record, atNs)
  }

  known(bytes: Uint8Array, at: number, limit: number): KnownRun | undefined {
    const run = this.follower?.takeKnown(bytes, at, limit)
    if (run !== undefined) this.received(run.end - at)
    return run
  }

  /** So many bytes of records: of a list, or of updates. */
  received(byteCount: number): void {
    const { counters } = this.context
    if (!this.listing) counters.slaveUpdateBytes += byteCount
    else if (this.asked > 1) counters.slaveListBytes += byteCount
  }

  noopAnswered(intendedNs: number, sentNs: number, doneNs: number): void {
    this.metric('NOOP.slave', intendedNs).add('ok', intendedNs, sentNs, doneNs)
  }

  noopUnfinished(intendedNs: number, sentNs: number, nowNs: number): void {
    this.metric('NOOP.slave', intendedNs).add('unfinished', intendedNs, sentNs, nowNs)
  }

  timedOut(silentNs: number): void {
    this.move('timed-out')
    this.context.counters.slaveTimeouts++
    this.context.counters.slaveDrops++
    this.event('slave-timed-out', `connection to master timed out after ${(silentNs / 1e9).toFixed(1)} s of silence`)
  }

  dropped(error: Error): void {
    this.move('dropped', undefined, isHarnessError(error) ? { code: error.code } : {})
    this.context.counters.slaveDrops++
    this.event('slave-dropped', error.message)
  }

  restarted(): void {
    this.move('restarted')
    this.event('slave-restarted', 'as the profile plans')
  }

  left(): void {
    this.move('left')
    this.event('slave-left', 'as the profile plans')
  }

  private metric(name: string, startNs: number) {
    return this.context.recorder.metric(this.context.phase(startNs), 'commands', name)
  }

  private event(kind: string, detail: string): void {
    this.context.event(kind, `slave ${this.index}: ${detail}`)
  }
}
