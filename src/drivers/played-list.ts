import type { Operation } from '../core/operation.js'
import type { Paced, Playing } from '../generators/lanes.js'
import type { DriverContext, DriverPhase } from './context.js'
import { Schedule } from './schedule.js'

/** Operations that come to an end, each at its time, beside what arrives. */
export class PlayedList implements Playing {
  nowNs = 0
  private readonly schedule: Schedule
  private readonly operations: Paced
  /** Its last operation has arrived. */
  private isOver = false
  /** Arrived, and not yet ended. */
  private live = 0
  private readonly ends = new WeakMap<Operation, number>()

  /**
   * @param operations made with this list as what is known of them
   * @param times one for each operation, and more
   * @param arrive what becomes of each; whoever takes it tells of its end by {@link ended}
   */
  constructor(
    private readonly context: DriverContext,
    phase: DriverPhase,
    operations: (playing: Playing) => Paced,
    times: Iterator<number>,
    arrive: (operation: Operation, intendedNs: number) => void,
  ) {
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
      arrive(value, intendedNs)
    })
  }

  get hasEnded(): boolean {
    return this.isOver && this.live === 0
  }

  endedNs(operation: Operation): number | undefined {
    return this.ends.get(operation)
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
