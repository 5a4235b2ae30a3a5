import type { Operation } from '../core/operation.js'
import type { DriverContext, DriverPhase } from './context.js'
import { Schedule } from './schedule.js'

/** Operations that come to an end, each at its time, beside what arrives. */
export class PlayedList {
  private readonly schedule: Schedule
  /** Its last operation has arrived. */
  private isOver = false
  /** Arrived, and not yet ended. */
  private live = 0

  /**
   * @param times one for each operation, and more
   * @param arrive what becomes of each; whoever takes it tells of its end by {@link ended}
   */
  constructor(
    { clock }: DriverContext,
    phase: DriverPhase,
    private readonly operations: Iterator<Operation>,
    times: Iterator<number>,
    arrive: (operation: Operation, intendedNs: number) => void,
  ) {
    this.schedule = new Schedule(clock, phase.startNs, times, intendedNs => {
      const { value, done } = this.operations.next()
      if (done) {
        this.isOver = true
        this.schedule.stop()
        return
      }
      this.live++
      arrive(value, intendedNs)
    })
  }

  get hasEnded(): boolean {
    return this.isOver && this.live === 0
  }

  ended(): void {
    this.live--
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
