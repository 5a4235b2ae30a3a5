import type { SlaveMove, SlaveMoveKind } from '../metrics/interval.js'
import type { LoggedProcess, SlaveEvent } from './log-book.js'
import type { SlaveSaying } from './sayings.js'

/** Why a list was asked for; `unknown` where the lines before it are missing. */
export type ResyncCause = 'start' | 'time-out' | 'loss' | 'failed merge' | 'unknown'
export type ResyncOutcome = 'complete' | 'list lost' | 'merge failed' | 'process ended' | 'unknown' | 'under way'

export interface Resync {
  readonly atMs: number
  readonly cause: ResyncCause
  listedMs: number | undefined
  readyMs: number | undefined
  /** When it ended in another way. */
  failedMs: number | undefined
  outcome: ResyncOutcome
}

export interface Span {
  readonly fromMs: number
  /** Undefined where the log ends before it. */
  toMs: number | undefined
}

export type FrontendState =
  | 'unknown'
  | 'starting'
  | 'connected'
  | 'listing'
  | 'listed'
  | 'merging'
  | 'streaming'
  | 'lost'
  | 'waiting'

/** The lines that may follow in each state; any other means that lines are missing. */
const NEXT: Readonly<Record<FrontendState, readonly SlaveSaying['kind'][]>> = {
  unknown: [],
  starting: ['connected', 'unreachable'],
  connected: ['listing', 'retrying'],
  listing: ['listed', 'retrying', 'dropped'],
  listed: ['merging', 'retrying'],
  merging: ['synchronised', 'unsynchronised', 'retrying'],
  streaming: ['timed-out', 'dropped', 'retrying'],
  lost: ['retrying'],
  waiting: ['connected', 'unreachable'],
}

/** Goes through what one frontend said, by time. */
export class FrontendHistory {
  readonly resyncs: Resync[] = []
  readonly timeoutsMs: number[] = []
  readonly droppedMs: number[] = []
  readonly unreachableMs: number[] = []
  readonly retriesS: number[] = []
  /** In which it refused its own clients: merging, or a new process without its first list. */
  readonly unavailable: Span[] = []
  /** In which no change reached it: from a loss until it had a list again. */
  readonly outOfTouch: Span[] = []
  readonly moves: SlaveMove[] = []
  /** Lines before which others are missing. */
  gaps = 0
  restarts = 0
  state: FrontendState = 'unknown'
  private process: LoggedProcess | undefined
  /** Of the line before. */
  private lastMs = 0
  private cause: ResyncCause = 'unknown'

  constructor(private readonly number: number) {}

  take({ atMs, process, saying }: SlaveEvent): void {
    if (process !== this.process) this.began(process, saying)
    if (this.state !== 'unknown' && !NEXT[this.state].includes(saying.kind)) this.gaps++
    this.follow(saying, atMs)
    this.lastMs = atMs
  }

  /** Cyrus's master says that a process died. */
  died(atMs: number, process: LoggedProcess): void {
    if (process !== this.process) return
    this.endResync(atMs, 'process ended')
    this.state = 'unknown'
  }

  /** @param atMs where its own log ends, before others do: what it did later is not known */
  endsEarly(atMs: number): void {
    if (this.open !== undefined) this.move('dropped', atMs)
  }

  /** When the list was asked for that is on its way at the log's end. */
  get listingSinceMs(): number | undefined {
    return this.state === 'listing' ? this.open?.atMs : undefined
  }

  private began(process: LoggedProcess, { kind }: SlaveSaying): void {
    const isFirst = this.process === undefined
    this.process = process
    if (!isFirst) {
      this.restarts++
      this.endResync(this.lastMs, 'process ended')
      this.move('restarted', process.firstMs)
    }
    // The first that a log shows of a process need not be the first that it said.
    const isStart = !isFirst || kind === 'connected' || kind === 'unreachable'
    this.state = isStart ? 'starting' : 'unknown'
    this.cause = isStart ? 'start' : 'unknown'
    if (!isStart) return
    begin(this.unavailable, process.firstMs)
    begin(this.outOfTouch, process.firstMs)
  }

  private follow(saying: SlaveSaying, atMs: number): void {
    switch (saying.kind) {
      case 'connected':
        this.endResync(atMs, 'unknown')
        this.state = 'connected'
        return
      case 'listing':
        this.listing(atMs)
        return
      case 'listed':
        this.listed(atMs)
        return
      case 'merging':
        this.listEndUnseen()
        this.state = 'merging'
        return
      case 'synchronised':
        this.synchronised(atMs)
        return
      case 'unsynchronised':
        this.endResync(atMs, 'merge failed')
        this.lose(atMs, 'failed merge')
        return
      case 'timed-out':
        this.timeoutsMs.push(atMs)
        this.endResync(atMs, 'unknown')
        // Only one that streams sends NOOPs: its list was merged, at some time after the line before.
        close(this.unavailable, this.lastMs)
        close(this.outOfTouch, this.lastMs)
        this.move('timed-out', atMs)
        this.lose(atMs, 'time-out')
        return
      case 'dropped':
        this.drop(atMs)
        return
      case 'unreachable':
        this.unreachableMs.push(atMs)
        this.endResync(atMs, 'unknown')
        this.move('refused', atMs)
        // What it lost before is still why it asks for a list.
        this.lose(atMs, this.cause === 'unknown' ? 'loss' : this.cause)
        return
      case 'retrying':
        this.retrying(saying.seconds, atMs)
        return
    }
  }

  private listing(atMs: number): void {
    this.endResync(atMs, 'unknown')
    this.resyncs.push({
      atMs,
      cause: this.cause,
      listedMs: undefined,
      readyMs: undefined,
      failedMs: undefined,
      outcome: 'under way',
    })
    this.move('dump', atMs)
    this.state = 'listing'
    this.cause = 'unknown'
    begin(this.outOfTouch, atMs)
  }

  private listed(atMs: number): void {
    const resync = this.open
    if (resync !== undefined) {
      resync.listedMs = atMs
      this.move('listed', atMs)
    }
    begin(this.unavailable, atMs)
    this.state = 'listed'
  }

  private synchronised(atMs: number): void {
    const resync = this.open
    this.listEndUnseen()
    if (resync !== undefined) {
      resync.readyMs = atMs
      resync.outcome = 'complete'
    }
    this.move('ready', atMs)
    close(this.unavailable, atMs)
    close(this.outOfTouch, atMs)
    this.state = 'streaming'
  }

  private drop(atMs: number): void {
    this.droppedMs.push(atMs)
    const wasListing = this.state === 'listing'
    this.endResync(atMs, wasListing ? 'list lost' : 'unknown')
    this.move('dropped', atMs)
    this.lose(atMs, 'loss')
  }

  /** All that ends a connection is followed by this; some of it by nothing else. */
  private retrying(seconds: number, atMs: number): void {
    this.retriesS.push(seconds)
    if (this.state === 'listed' || this.state === 'merging') {
      this.endResync(atMs, 'merge failed')
      this.lose(atMs, 'failed merge')
    } else if (this.state !== 'lost' && this.state !== 'unknown') this.drop(atMs)
    this.state = 'waiting'
    begin(this.outOfTouch, atMs)
  }

  private lose(atMs: number, cause: ResyncCause): void {
    this.cause = cause
    this.state = 'lost'
    begin(this.outOfTouch, atMs)
  }

  private get open(): Resync | undefined {
    const last = this.resyncs.at(-1)
    return last?.outcome === 'under way' ? last : undefined
  }

  private endResync(atMs: number, outcome: ResyncOutcome): void {
    const resync = this.open
    if (resync === undefined) return
    resync.outcome = outcome
    resync.failedMs = atMs
    if (outcome === 'process ended') this.move('dropped', atMs)
    else if (outcome !== 'list lost' && resync.listedMs === undefined) this.move('dropped', resync.atMs)
  }

  /**
   * A list that is taken to go on would be blamed for what came later: one whose end was not seen ends where it was last
   * known to be on its way, which is where it was asked for.
   */
  private listEndUnseen(): void {
    const resync = this.open
    if (resync?.listedMs === undefined && resync !== undefined) this.move('dropped', resync.atMs)
  }

  private move(kind: SlaveMoveKind, atMs: number): void {
    this.moves.push({ atNs: atMs * 1e6, slave: this.number, kind })
  }
}

function begin(spans: Span[], fromMs: number): void {
  if (spans.length === 0 || spans.at(-1)!.toMs !== undefined) spans.push({ fromMs, toMs: undefined })
}

function close(spans: Span[], toMs: number): void {
  const last = spans.at(-1)
  if (last !== undefined) last.toMs ??= toMs
}

/** @param endMs of the frontend's own log */
export function totalMs(spans: readonly Span[], endMs: number): number {
  return spans.reduce((sum, { fromMs, toMs }) => sum + Math.max(0, (toMs ?? endMs) - fromMs), 0)
}
