import type { MessagePort } from 'node:worker_threads'
import type { Clock } from '../core/clock.js'
import { HeldUpdates } from '../slaves/held-updates.js'
import { LedgerCopy } from '../slaves/ledger-copy.js'
import type { Ledger, LedgerNews, LedgerSharing, PropagationObserver } from '../slaves/ledger.js'
import { PropagationMerge, type PropagationPart, PropagationShare } from '../slaves/propagation-parts.js'

/** So long an update waits for its news, with the time at which it came. Each is a wake-up of every thread. */
const NEWS_MS = 20
/** For the last parts, when a run ends. */
const LAST_PARTS_MS = 1_000

/** What there was before the first operation, for who compares slaves in another thread. */
export interface Site {
  /** Whether that is known. */
  readonly isKnown: boolean
  readonly forgotten: readonly string[]
}

/** What threads that have slaves say to each other. */
type Said =
  /** Of what one sends: all of it until then. */
  | { readonly kind: 'news'; readonly from: number; readonly untilNs: number; readonly news: readonly LedgerNews[] }
  /** Its operations have ended, and slaves may be compared. */
  | { readonly kind: 'barrier'; readonly from: number; readonly phase: number; readonly site: Site }
  /** To who has sent those mutations. */
  | { readonly kind: 'parts'; readonly to: number; readonly parts: readonly PropagationPart[] }
  /** It has nothing more to say. */
  | { readonly kind: 'ended' }

/** A way to another thread, or to all that are on other machines. */
export interface PeerPort {
  readonly port: MessagePort
  /** Its number; undefined where there are several. */
  readonly to?: number
}

/** What one thread is among those that keep their ledgers in step. */
export interface PeerPlace {
  readonly thread: number
  /** All threads that have slaves. */
  readonly of: number
  /** Those with lower numbers send operations. */
  readonly senders: number
  /** How wrong this thread's clock may be beside those of the senders. */
  readonly errorNs: number
}

/**
 * Keeps a thread's ledger in step with those of the others. Who sends operations tells the others of each, and puts together
 * what their slaves have of it.
 */
export class LedgerPeer {
  readonly sharing: LedgerSharing
  private readonly isSender: boolean
  private readonly held: HeldUpdates | undefined
  private readonly merge: PropagationMerge
  private readonly timer: NodeJS.Timeout
  private news: LedgerNews[] = []
  private readonly parts = new Map<number, PropagationPart[]>()
  private flushedNs = -Infinity
  /** Of each other sender: until when all is known that it has sent. */
  private readonly knownUntilNs = new Map<number, number>()
  /** Of each sender: the phase for which it has said that its operations have ended, and what it said. */
  private readonly ended = new Map<number, { readonly phase: number; readonly site: Site }>()
  private onBarrier = () => {}
  /** Others that have not ended. */
  private running: number
  private onAllEnded = () => {}

  constructor(
    private readonly ports: readonly PeerPort[],
    private readonly place: PeerPlace,
    private readonly clock: Clock,
    observer: PropagationObserver,
  ) {
    const { thread, of, senders } = place
    this.isSender = thread < senders
    this.running = of - 1
    for (let sender = 0; sender < senders; sender++) if (sender !== thread) this.knownUntilNs.set(sender, -Infinity)
    this.merge = new PropagationMerge(of, observer)
    this.held = this.knownUntilNs.size > 0 ? new HeldUpdates() : undefined
    this.sharing = {
      thread,
      nowNs: () => clock.nowNs(),
      ...(this.isSender && { onNews: (news: LedgerNews) => this.note(news) }),
      ...(this.held && { held: this.held }),
      share: new PropagationShare((part, sender) => this.addPart(part, sender)),
    }
    this.timer = setInterval(() => this.flush(), NEWS_MS)
  }

  follow(ledger: Ledger): void {
    const copies = new Map([...this.knownUntilNs.keys()].map(sender => [sender, new LedgerCopy(ledger, sender)]))
    for (const { port } of this.ports) port.on('message', (said: Said) => this.hear(said, copies))
  }

  /**
   * This thread's operations have ended. @returns when those of all have, what was there before the first of them
   */
  async barrier(phase: number, site: Site): Promise<Site> {
    const { thread, senders } = this.place
    if (this.isSender) {
      this.flush()
      this.ended.set(thread, { phase, site })
      this.post({ kind: 'barrier', from: thread, phase, site })
    }
    const hasEnded = (sender: number) => this.ended.get(sender)?.phase === phase
    const all = Array.from({ length: senders }, (_, sender) => sender)
    // That of a phase which was left before comes too late for anybody.
    while (!all.every(hasEnded)) {
      await new Promise<void>(resolve => {
        this.onBarrier = resolve
      })
    }
    return this.ended.get(0)!.site
  }

  /** One of the others is gone, that has slaves alone. */
  lose(): void {
    this.merge.lose()
    this.leave()
  }

  /** Who sends waits for what the others have still to tell. */
  async end(): Promise<void> {
    clearInterval(this.timer)
    this.flush()
    this.post({ kind: 'ended' })
    if (this.isSender && this.running > 0) {
      await new Promise<void>(resolve => {
        const late = setTimeout(resolve, LAST_PARTS_MS)
        this.onAllEnded = () => {
          clearTimeout(late)
          resolve()
        }
      })
    }
    this.merge.end()
    for (const { port } of this.ports) port.close()
  }

  private hear(said: Said, copies: ReadonlyMap<number, LedgerCopy>): void {
    switch (said.kind) {
      case 'news':
        for (const news of said.news) copies.get(said.from)?.apply(news)
        if (this.knownUntilNs.has(said.from)) this.knownUntilNs.set(said.from, said.untilNs)
        this.held?.release(Math.min(...this.knownUntilNs.values()) - this.place.errorNs)
        break
      case 'barrier':
        this.ended.set(said.from, said)
        this.onBarrier()
        break
      case 'parts':
        if (said.to === this.place.thread) for (const part of said.parts) this.merge.add(part)
        break
      case 'ended':
        this.leave()
        break
    }
  }

  private leave(): void {
    if (--this.running === 0) this.onAllEnded()
  }

  private note(news: LedgerNews): void {
    this.news.push(news)
    // Its timer comes late in a thread that is busy, and the others keep all that they hear meanwhile.
    if (this.clock.nowNs() - this.flushedNs > NEWS_MS * 1e6) this.flush()
  }

  private addPart(part: PropagationPart, sender: number): void {
    if (sender === this.place.thread) {
      this.merge.add(part)
      return
    }
    // When a slave has caught up there may be a hundred thousand at once.
    const waiting = this.parts.get(sender)
    if (waiting === undefined) this.parts.set(sender, [part])
    else waiting.push(part)
  }

  private flush(): void {
    const { news } = this
    this.flushedNs = this.clock.nowNs()
    this.news = []
    if (this.isSender) this.post({ kind: 'news', from: this.place.thread, untilNs: this.flushedNs, news })
    for (const [to, parts] of this.parts) this.post({ kind: 'parts', to, parts }, to)
    this.parts.clear()
  }

  /** @param to that thread alone */
  private post(said: Said, to?: number): void {
    const own = this.ports.filter(port => port.to === to)
    for (const { port } of to === undefined || own.length === 0 ? this.ports : own) port.postMessage(said)
  }
}
