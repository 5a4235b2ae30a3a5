import type { MessagePort } from 'node:worker_threads'
import type { Clock } from '../core/clock.js'
import { HeldUpdates } from '../slaves/held-updates.js'
import { LedgerCopy } from '../slaves/ledger-copy.js'
import type { Ledger, LedgerNews, LedgerSharing, PropagationObserver } from '../slaves/ledger.js'
import { PropagationMerge, type PropagationPart, PropagationShare } from '../slaves/propagation-parts.js'

/** So long an update waits for its news in a thread without backends. */
const NEWS_MS = 5
/** For the last parts, when a run ends. */
const LAST_PARTS_MS = 1_000

/** What there was before the first operation, for who compares slaves in another thread. */
export interface Barrier {
  /** Index of the phase in which slaves are compared. */
  readonly phase: number
  /** Whether that is known. */
  readonly isSiteKnown: boolean
  readonly forgotten: readonly string[]
}

/** From the backends' thread to one that has slaves alone. */
type ToSlaves =
  | { readonly kind: 'news'; readonly untilNs: number; readonly news: readonly LedgerNews[] }
  | ({ readonly kind: 'barrier' } & Barrier)
/** The other way. */
type ToBackends = { readonly kind: 'parts'; readonly parts: readonly PropagationPart[] } | { readonly kind: 'ended' }

/** How the ledgers of several threads keep in step. */
export interface LedgerLink {
  readonly sharing: LedgerSharing
  follow(ledger: Ledger): void
  /** In a thread that has slaves alone. @returns when the backends' thread says that its operations have ended */
  barrier?(phase: number): Promise<Barrier>
  /** In the backends' thread. */
  announce?(barrier: Barrier): void
  /** There: one of the others is gone. */
  lose?(): void
  end(): Promise<void>
}

/** The backends' thread: tells the others what it sends, and puts together what their slaves have of it. */
export class LedgerSource implements LedgerLink {
  readonly sharing: LedgerSharing
  private news: LedgerNews[] = []
  private readonly merge: PropagationMerge
  private readonly timer: NodeJS.Timeout
  private running: number
  private flushedNs = -Infinity
  private onAllEnded = () => {}

  /**
   * @param ports each to one of the others, or one to all of them
   * @param shares threads that have slaves, this one among them
   */
  constructor(
    private readonly ports: readonly MessagePort[],
    shares: number,
    private readonly clock: Clock,
    observer: PropagationObserver,
  ) {
    this.running = shares - 1
    const merge = new PropagationMerge(shares, observer)
    this.merge = merge
    this.sharing = {
      onNews: news => this.note(news),
      share: new PropagationShare(part => merge.add(part)),
    }
    for (const port of ports) port.on('message', (message: ToBackends) => this.heard(message))
    this.timer = setInterval(() => this.flush(), NEWS_MS)
  }

  /** It is where all is written first. */
  follow(): void {}

  /** Operations have ended: the others may compare. */
  announce(barrier: Barrier): void {
    this.flush()
    this.post({ kind: 'barrier', ...barrier })
  }

  lose(): void {
    this.merge.lose()
    this.leave()
  }

  /** Waits for what the others have still to tell. */
  async end(): Promise<void> {
    clearInterval(this.timer)
    this.flush()
    if (this.running > 0) {
      await new Promise<void>(resolve => {
        const late = setTimeout(resolve, LAST_PARTS_MS)
        this.onAllEnded = () => {
          clearTimeout(late)
          resolve()
        }
      })
    }
    this.merge.end()
    for (const port of this.ports) port.close()
  }

  private heard(message: ToBackends): void {
    if (message.kind === 'parts') for (const part of message.parts) this.merge.add(part)
    else this.leave()
  }

  private leave(): void {
    if (--this.running === 0) this.onAllEnded()
  }

  private note(news: LedgerNews): void {
    this.news.push(news)
    // Its timer comes late in a thread that is busy, and the others keep all that they hear meanwhile.
    if (this.clock.nowNs() - this.flushedNs > NEWS_MS * 1e6) this.flush()
  }

  private flush(): void {
    const { news } = this
    this.news = []
    this.flushedNs = this.clock.nowNs()
    this.post({ kind: 'news', untilNs: this.flushedNs, news })
  }

  private post(message: ToSlaves): void {
    for (const port of this.ports) port.postMessage(message)
  }
}

/** A thread that has slaves alone: its ledger follows that of the backends' thread. */
export class LedgerTwin implements LedgerLink {
  readonly sharing: LedgerSharing
  private parts: PropagationPart[] = []
  private readonly held = new HeldUpdates()
  private reached: Barrier | undefined
  private onBarrier: ((barrier: Barrier) => void) | undefined

  /** @param errorNs how wrong this thread’s clock may be beside that of the backends’ */
  constructor(
    private readonly port: MessagePort,
    private readonly errorNs: number,
  ) {
    this.sharing = { held: this.held, share: new PropagationShare(part => void this.parts.push(part)) }
  }

  follow(ledger: Ledger): void {
    const copy = new LedgerCopy(ledger)
    this.port.on('message', (message: ToSlaves) => {
      if (message.kind === 'barrier') this.reach(message)
      else {
        for (const news of message.news) copy.apply(news)
        this.held.release(message.untilNs - this.errorNs)
        this.tell()
      }
    })
  }

  barrier(phase: number): Promise<Barrier> {
    if (this.reached?.phase === phase) return Promise.resolve(this.reached)
    return new Promise(resolve => {
      // That of a phase which was left before comes too late for anybody.
      this.onBarrier = barrier => {
        if (barrier.phase === phase) resolve(barrier)
      }
    })
  }

  end(): Promise<void> {
    this.tell()
    this.port.postMessage({ kind: 'ended' } satisfies ToBackends)
    this.port.close()
    return Promise.resolve()
  }

  private reach(barrier: Barrier): void {
    this.reached = barrier
    this.onBarrier?.(barrier)
  }

  private tell(): void {
    if (this.parts.length === 0) return
    this.port.postMessage({ kind: 'parts', parts: this.parts } satisfies ToBackends)
    this.parts = []
  }
}
