import type { TimeSummary } from '../metrics/run-result.js'

/**
 * When the harness, not the master, was the limit. Looked at in phases with a duration or a step only: preload and joining
 * slaves work as fast as they can by design. `docs/results.md` repeats these bounds.
 */
export const SATURATION = {
  /** Arrivals were sent this late, 99th percentile. */
  scheduleSlipP99Us: 50_000,
  /** A thread of ours came round this late, 99th percentile of a second, in a quarter of the seconds, and in three at least. */
  eventLoopDelayP99Us: 50_000,
  eventLoopLateShare: 0.25,
  eventLoopLateSeconds: 3,
  /** One of our threads was on a CPU, or waiting for one, ≥ 95 % of the time in this share of the samples, and for a second at least. */
  peggedShare: 0.5,
  peggedSeconds: 1,
  /** CPU time that the hypervisor gave to others. */
  stealShare: 0.1,
} as const

export interface HarnessPhase {
  readonly name: string
  readonly scheduleSlip: TimeSummary | undefined
  readonly probeSlip: TimeSummary | undefined
  readonly loopLateShare: number
  readonly loopLateSeconds: number
  /** Of each process of the harness: the run's own, and those of its agents. */
  readonly loads: readonly {
    /** Absent for the run's own. */
    readonly agent?: string
    /** Largest share of samples in which one of its threads was pegged, and its name. */
    readonly pegged: { readonly thread: string; readonly share: number; readonly seconds: number } | undefined
    readonly stealShare: number | undefined
  }[]
}

/** @returns a sentence for each sign of saturation; none means the figures are the master's */
export function saturationOf(phase: HarnessPhase): string[] {
  const reasons: string[] = []
  const say = (text: string) => reasons.push(`${phase.name}: the harness was the limit: ${text}`)
  for (const [what, slip] of [['operations', phase.scheduleSlip] as const, ['probes', phase.probeSlip] as const]) {
    if (slip !== undefined && slip.p99 > SATURATION.scheduleSlipP99Us) {
      say(
        `1 % of ${what} were sent ${Math.round(slip.p99 / 1000)} ms late or more (bound ${SATURATION.scheduleSlipP99Us / 1000} ms)`,
      )
    }
  }
  if (phase.loopLateShare > SATURATION.eventLoopLateShare && phase.loopLateSeconds >= SATURATION.eventLoopLateSeconds) {
    say(
      `its event loop was ≥ ${SATURATION.eventLoopDelayP99Us / 1000} ms late in ${percent(phase.loopLateShare)} of the seconds`,
    )
  }
  for (const { agent, pegged, stealShare } of phase.loads) {
    if (pegged !== undefined && pegged.share > SATURATION.peggedShare && pegged.seconds >= SATURATION.peggedSeconds) {
      const of = agent === undefined ? '' : ` of agent ${agent}`
      say(`thread "${pegged.thread}"${of} was pegged in ${percent(pegged.share)} of the samples`)
    }
    if (stealShare !== undefined && stealShare > SATURATION.stealShare) {
      const host = agent === undefined ? "this host's CPU time" : `the CPU time of agent ${agent}'s host`
      say(`${percent(stealShare)} of ${host} went to other machines (steal)`)
    }
  }
  return reasons
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
