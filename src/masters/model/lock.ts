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

/** What becomes of those that are woken: shares of them. */
interface Wakeful {
  /** Have the lock before the waker can ask again. */
  readonly atOnce: number
  /** Get a CPU only later, where somebody asks meanwhile. */
  readonly late: number
}

/** Whoever was woken so short a time ago shares the CPUs with its waker, which is not at rest yet. */
export const FRESH_NS = 100_000
export const FRESH: Wakeful = { atOnce: 0.14, late: 0.42 }
export const SETTLED: Wakeful = { atOnce: 0.02, late: 0.13 }
/** How much later, on average. */
const LATE_NS = 1_700_000
const NOBODY = -1

interface Waiter {
  readonly rank: number
  readonly got: () => void
}

/**
 * `mailboxes_mutex`, as glibc and Linux hand it over. Waiters sleep in the order in which they came (futex(2)); a release
 * wakes the first of them, which takes a while to run. Who asks meanwhile has the lock at once, and who was woken for
 * nothing goes to sleep again behind all others, so that the next release wakes another one.
 *
 * Measured on Cyrus 3.6.1, 2 cores, Linux 6.18. The hand-over, 56 µs, is `calibrate`'s. The shares are `npm run bench -- 3 lock`'s:
 * `resync-storm` with 45 slaves, 10 of which restart (594 wake-ups in 3 × 26 s), on a mupdate with a preloaded
 * pthread_mutex_lock of glibc's own steps that writes them down (bench/reference/lock-spy.c):
 *
 * - Woken by who asks again within a moment, as a stream with pending updates does: in the first 100 µs after the waker
 *   itself was woken 42 % got a CPU only after 1.7 ms on average, and 14 % ran in the waker's place at once; later it
 *   was 13 and 2 %. All others looked after 25 µs, found the lock held by the stream as often as a look-up holds it (88 %)
 *   and went to sleep again. A burst of 50 RESERVEs therefore sends up to 46 of those that waited to the end of the queue.
 * - Woken by who does not ask again, after a list: 39 µs. (9 % were late, which is left out.)
 *
 * A stream's NOOP with n pending updates takes the lock n times. Its first turn comes in order: with n = 1 it never waited
 * for a list that was sent after it. With more it often loses the lock in mid-burst, and then waits for all lists that are
 * queued by then. Of 24 to 110 runs for each n, 30k mailboxes, one list before the NOOP and three after it, this happened in
 *
 * | n        | 1    | 3    | 10   | 50   | 100  | 200  | 500  |
 * | -------- | ---- | ---- | ---- | ---- | ---- | ---- | ---- |
 * | measured | 0 %  | 15 % | 22 % | 35 % | 44 % | 54 % | 64 % |
 * | this     | 0 %  | 17 % | 18 % | 33 % | 33 % | 44 % | 71 % |
 */
export class Lock implements MailboxesLock {
  private holder: number | undefined
  private readonly sleepers = new Fifo<Waiter>()
  /** Whether somebody may sleep: a release of a lock that nobody slept for wakes nobody. */
  private contended = false
  /** It is given to who was woken, and nobody else may have it. */
  private promised = false
  private takes = 0
  /** Who had it last by being woken, and since when: its turn, however often it takes the lock in it. */
  private turn = { rank: NOBODY, sinceNs: 0 }
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
    const { holder, turn, timeline } = this
    if (holder === undefined) throw new Error('a lock was released that nobody held')
    this.holder = undefined
    if (!this.contended) return
    this.contended = false
    const woken = this.sleepers.shift()
    if (woken === undefined) return
    const isFresh = holder === turn.rank && timeline.nowNs - turn.sinceNs < FRESH_NS
    this.wake(woken, isFresh ? FRESH : SETTLED)
  }

  private wake(woken: Waiter, { atOnce, late }: Wakeful): void {
    this.awake++
    const { takes } = this
    const chance = this.random()
    const promised = chance < atOnce
    if (promised) this.promised = true
    const tries = () => this.askAgain(woken)
    const halfNs = this.drawHandOverNs() / 2
    this.after(halfNs, woken, () => {
      if (promised) this.promised = false
      const isOvertaken = this.takes > takes
      if (promised) tries()
      // A CPU had to wake up first: it is the whole way.
      else if (!isOvertaken) this.after(halfNs, woken, tries)
      else if (chance < atOnce + late) this.after(-Math.log(1 - this.random()) * LATE_NS, woken, tries)
      else tries()
    })
  }

  private get isFree(): boolean {
    return this.holder === undefined && !this.promised
  }

  private askAgain(woken: Waiter): void {
    this.awake--
    // It cannot know whether it was the last one.
    this.contended = true
    if (this.isFree) this.turn = { rank: woken.rank, sinceNs: this.timeline.nowNs }
    this.ask(woken)
  }

  private ask(waiter: Waiter): void {
    if (this.isFree) {
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
    this.takes++
    got()
  }
}
