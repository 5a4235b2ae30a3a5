import type { SecondLine } from '../../metrics/second-line.js'
import type { TimeSummary } from '../../metrics/run-result.js'

/** Tells a second in which no NOOP was answered from one in which none was sent: the first is the worst there is. */
export class ProbeWatch {
  /** The last one with NOOPs in it. */
  private phase: string | undefined

  /** @returns undefined where nothing probes */
  see({ phase, commands, harness }: SecondLine): TimeSummary | 'none answered' | undefined {
    const noop = commands['NOOP.plain']
    if (noop !== undefined || (harness?.probeSlipUs ?? null) !== null) this.phase = phase
    if (noop?.responseTimeUs !== undefined) return noop.responseTimeUs
    return this.phase === phase ? 'none answered' : undefined
  }
}
