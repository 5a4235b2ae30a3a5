import { Core, type CoreOptions } from '../../../src/masters/embedded/core.js'
import { ModelledConnection } from '../../../src/masters/embedded/modelled-connection.js'
import type { Peer } from '../../../src/masters/embedded/peer.js'
import { RealTimeline } from '../../../src/masters/embedded/real-timeline.js'
import { parserFor } from '../../../src/masters/embedded/service.js'
import { type Calibration, Costs } from '../../../src/masters/model/calibration.js'
import { CyrusModel } from '../../../src/masters/model/cyrus-model.js'
import { modelSettings } from '../../../src/masters/model/settings.js'
import { quickCalibration } from './quick-calibration.js'
import { OPTIONS, type Served, TestWorld } from './world.js'

export interface ModelWorldOptions extends Partial<CoreOptions> {
  readonly calibration?: Calibration
  /** Lines of imapd.conf. */
  readonly settings?: Readonly<Record<string, string>>
}

/** What a master that costs next to nothing is given to finish in; its threads still wake up in tens of microseconds. */
const SETTLE_MS = 1

/** A master that serves when its model says so, on a clock that a test turns. */
export class ModelWorld extends TestWorld {
  readonly core: Core
  readonly model: CyrusModel
  readonly timeline: RealTimeline
  private nowNs = 1_000e9
  private wake: { readonly ns: number; readonly what: () => void } | undefined
  private rank = 1

  constructor({ calibration = quickCalibration(), settings = {}, ...options }: ModelWorldOptions = {}) {
    super()
    const arm = (ns: number, what: () => void) => {
      this.wake = { ns, what }
      return () => {
        this.wake = undefined
      }
    }
    this.timeline = new RealTimeline(
      { nowNs: () => this.nowNs },
      // As real timers are: late by a bit.
      { after: (delayMs, what) => arm(this.nowNs + delayMs * 1e6, what), soon: what => arm(this.nowNs + 20e3, what) },
    )
    this.core = new Core(
      { ...OPTIONS, ...options },
      {
        nowMs: () => this.timeline.nowNs / 1e6,
        later: () => {},
        soon: () => {},
        randomBytes: byteCount => Buffer.alloc(byteCount, 7),
        report: line => void this.reports.push(line),
        die: () => void this.deaths++,
      },
    )
    const { failedLoginPauseMs } = this.core.options
    const lines = { failedloginpause: String(failedLoginPauseMs / 1e3), ...settings }
    this.model = new CyrusModel(this.timeline, modelSettings(lines), new Costs(calibration, () => 0.5))
  }

  serve(peer: Peer): Served {
    const { timeline } = this
    const connection = new ModelledConnection(this, peer, parserFor(this.core.options), this.rank++)
    timeline.happens(() => connection.connect())
    return {
      received: chunk => timeline.happens(() => connection.received(chunk)),
      close() {
        Object.assign(peer, { saidAll: true })
        timeline.happens(() => connection.left())
      },
    }
  }

  settle(): void {
    this.passMs(SETTLE_MS)
  }

  passS(seconds: number): void {
    this.passMs(seconds * 1e3)
  }

  passMs(ms: number): void {
    const endNs = this.nowNs + Math.round(ms * 1e6)
    while (this.wake !== undefined && this.wake.ns <= endNs) {
      const { ns, what } = this.wake
      this.wake = undefined
      this.nowNs = ns
      what()
    }
    this.nowNs = endNs
  }
}
