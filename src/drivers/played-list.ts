import type { Operation } from '../core/operation.js'
import type { Paced, Playing } from '../generators/lanes.js'
import type { DriverContext, DriverPhase } from './context.js'
import { Schedule } from './schedule.js'

/** Operations that come to an end, each at its time, beside what arrives. */
export class PlayedList implements Playing {
  private nowNs: number
  private readonly schedule: Schedule
  private readonly operations: Paced
  /** Its last operation has arrived. */
  private isOver = false
  /** Arrived, and not yet ended. */
  private live = 0
  /** When it ended. */
  private readonly ends = new WeakMap<Operation, number>()
  private readonly sent = new WeakSet<Operation>()

  /**
   * @param operations made with this list as what is known of them
   * @param times one for each operation, and more
   * @param arrive what becomes of each; whoever takes it tells of its end by {@link ended}
   */
  constructor(
    private readonly context: DriverContext,
    private readonly phase: DriverPhase,
    operations: (playing: Playing) => Paced,
    times: Iterator<number>,
    arrive: (operation: Operation, intendedNs: number) => void,
  ) {
    this.nowNs = phase.startNs
    this.operations = operations(this)
    this.schedule = new Schedule(context.clock, phase.startNs, times, intendedNs => {
      this.nowNs = intendedNs
      const { value, done } = this.operations.next()
      if (done) {
        this.isOver = true
        this.schedule.stop()
        return
      }
      if (value === undefined) return
      this.live++
      this.sent.add(value)
      arrive(value, intendedNs)
    })
  }

  get hasEnded(): boolean {
    return this.isOver && this.live === 0
  }

  /** What a run before has sent, which this one goes on with, has ended when it began. */
  isSettled(operations: readonly Operation[], thenNs: number): boolean {
    return operations.every(operation => {
      const endNs = this.sent.has(operation) ? this.ends.get(operation) : this.phase.startNs
      return endNs !== undefined && endNs + thenNs <= this.nowNs
    })
  }

  ended(operation: Operation): void {
    this.live--
    this.ends.set(operation, this.context.clock.nowNs())
  }

  /** Sends what is due, for those who are awake anyway. */
  look(): void {
    this.schedule.look()
  }

  /** What has not arrived will not. */
  stop(): void {
    this.schedule.stop()
  }
}
