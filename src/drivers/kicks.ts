import type { Random } from '../core/random.js'
import { arrivalTimes } from '../generators/arrivals.js'
import type { DriverContext, DriverPhase } from './context.js'
import { Schedule } from './schedule.js'
import type { Slaves } from './slaves.js'

/** Kicks in the open model: an imapd or lmtpd of some frontend missed a mailbox, and waits for its slave. */
export class Kicks {
  private readonly schedule: Schedule

  constructor(context: DriverContext, slaves: Slaves, phase: DriverPhase, ratePerSecond: number, random: Random) {
    const times = arrivalTimes({ kind: 'poisson', ratePerSecond }, random)
    const fire = (intendedNs: number) => slaves.kick(intendedNs, Math.floor(random() * 0x1_0000_0000))
    this.schedule = new Schedule(context.clock, phase.startNs, times, fire)
  }

  stop(): void {
    this.schedule.stop()
  }
}
