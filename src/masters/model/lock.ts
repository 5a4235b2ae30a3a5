import { Fifo } from '../../core/fifo.js'
import type { Random } from '../../core/random.js'
import type { Timeline } from '../../core/timeline.js'

/** What the model needs of it. */
export interface MailboxesLock {
  readonly isHeld: boolean
  /** Asked by the holder: whether others sleep, or have been woken and will try. */
  readonly isWantedByOthers: boolean
  /** Asked by the holder: whether its release wakes somebody. */
  readonly wakesOnRelease: boolean
  /** @param rank whose it is to be */
  acquire(rank: number, got: () => void): void
  release(): void
}

/** One that is no lock: everybody has it. */
export const NO_LOCK: MailboxesLock = {
  isHeld: false,
  isWantedByOthers: false,
  wakesOnRelease: false,
  acquire: (_rank, got) => got(),
  release: () => {},
}

/** How often who is woken has the lock before the waker can ask again. */
const AT_ONCE = 0.2
/** Who is woken and does not, and whom somebody overtook, gets a CPU only after so long, on average. */
const LATE_NS = 1_500_000

interface Waiter {
  readonly rank: number
  readonly got: () => void
}

/**
 * `mailboxes_mutex`, as glibc and Linux hand it over. Waiters sleep in the order in which they came (futex(2)); a release
 * wakes the first of them, which takes a while to run. Who asks meanwhile has the lock at once, and who was woken for
 * nothing goes to sleep again behind all others.
 *
 * Measured on Cyrus 3.6.1, 2 cores, Linux 6.18 (`calibrate` measures the hand-over, 60 µs; these by scripts of their own):
 *
 * - Plain waiters are served in the order in which they came. RESERVEs and LISTs that queued behind a list: 45 of 840 pairs
 *   were answered in another order (5 %), all within 5 ms of each other, none across a list.
 * - A stream's NOOP with n pending updates takes the lock n times. Its first turn comes in order: with n = 1 it never waited
 *   for a list that was sent after it. With more it often loses the lock in mid-burst, to a list that was sent after it, and
 *   then waits for all lists that are queued by then, since it sleeps behind them. Of 24 to 110 runs for each n, 30k
 *   mailboxes, one list before the NOOP and three after it, this happened in
 *
 *   | n        | 1    | 3    | 10   | 50   | 100  | 200  | 500  |
 *   | -------- | ---- | ---- | ---- | ---- | ---- | ---- | ---- |
 *   | measured | 0 %  | 15 % | 22 % | 35 % | 44 % | 54 % | 64 % |
 *   | this     | 0 %  | 22 % | 23 % | 26 % | 39 % | 49 % | 74 % |
 *
 *   and with 100k mailboxes, three lists before it and three after it, in 12 of 36 (n = 50 to 500). The share rises with the
 *   logarithm of n, not by each look-up: the first one woken either runs at once, while the waker is still in its unlock,
 *   and has the lock, or gets a CPU only after a millisecond or so. A second such chance comes often where the stream's
 *   answer fills 4 KB and is written (after 59 updates here). Were it tried at each look-up, it would be 16, 61, 88, 99 and
 *   100 % from n = 10 on.
 */
export class Lock implements MailboxesLock {
  private holder: number | undefined
  private readonly sleepers = new Fifo<Waiter>()
  /** Whether somebody may sleep: a release of a lock that nobody slept for wakes nobody. */
  private contended = false
  /** It is given to who was woken, and nobody else may have it. */
  private promised = false
  private takenSinceRelease = false
  /** Who was woken and has not tried yet. */
  private awake = 0

  constructor(
    private readonly timeline: Timeline,
    private readonly drawHandOverNs: () => number,
    private readonly random: Random,
  ) {}

  get isHeld(): boolean {
    return this.holder !== undefined
  }

  get isWantedByOthers(): boolean {
    return this.sleepers.length > 0 || this.awake > 0
  }

  get wakesOnRelease(): boolean {
    return this.contended && this.sleepers.length > 0
  }

  acquire(rank: number, got: () => void): void {
    this.ask({ rank, got })
  }

  release(): void {
    if (this.holder === undefined) throw new Error('a lock was released that nobody held')
    this.holder = undefined
    if (!this.contended) return
    this.contended = false
    this.takenSinceRelease = false
    const woken = this.sleepers.shift()
    if (woken === undefined) return
    this.awake++
    this.promised = this.random() < AT_ONCE
    const { promised } = this
    this.after(this.drawHandOverNs(), woken, () => {
      if (promised) this.promised = false
      else if (this.takenSinceRelease) {
        this.after(-Math.log(1 - this.random()) * LATE_NS, woken, () => this.askAgain(woken))
        return
      }
      this.askAgain(woken)
    })
  }

  private askAgain(woken: Waiter): void {
    this.awake--
    // It cannot know whether it was the last one.
    this.contended = true
    this.ask(woken)
  }

  private ask(waiter: Waiter): void {
    if (this.holder === undefined && !this.promised) {
      this.take(waiter.rank, waiter.got)
      return
    }
    this.contended = true
    this.sleepers.push(waiter)
  }

  private after(ns: number, { rank }: Waiter, what: () => void): void {
    this.timeline.at(this.timeline.nowNs + Math.round(ns), rank, what)
  }

  private take(rank: number, got: () => void): void {
    this.holder = rank
    this.takenSinceRelease = true
    got()
  }
}
