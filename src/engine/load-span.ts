import type { LoadSample } from '../samplers/load.js'
import type { HarnessPhase } from './saturation.js'

/** A host of whose CPU time less is left has none left. */
const FULL_IDLE_SHARE = 0.1

/** What one process of the harness used in a span of the run, and its host. */
export class LoadSpan {
  private own = { elapsedNs: 0, cpuNs: 0, samples: 0 }
  private readonly peggedSamples = new Map<string, number>()
  private host = { elapsedNs: 0, fullNs: 0, stolenNs: 0 }

  add({ fromNs, toNs, cpuCores, pegged, host }: LoadSample): void {
    this.own.elapsedNs += toNs - fromNs
    this.own.cpuNs += cpuCores * (toNs - fromNs)
    this.own.samples++
    for (const thread of pegged) this.peggedSamples.set(thread, (this.peggedSamples.get(thread) ?? 0) + 1)
    if (host === undefined) return
    this.host.elapsedNs += host.elapsedNs
    if (host.idleShare < FULL_IDLE_SHARE) this.host.fullNs += host.elapsedNs
    this.host.stolenNs += host.stealShare * host.elapsedNs
  }

  /** Undefined, as all below, where nothing was sampled. */
  get cpuCores(): number | undefined {
    return this.own.elapsedNs > 0 ? this.own.cpuNs / this.own.elapsedNs : undefined
  }

  get cpuMs(): number | undefined {
    return this.own.samples > 0 ? this.own.cpuNs / 1e6 : undefined
  }

  get stealShare(): number | undefined {
    return this.host.elapsedNs > 0 ? this.host.stolenNs / this.host.elapsedNs : undefined
  }

  /** Time in which hardly any CPU of the host was left. */
  get hostFullMs(): number | undefined {
    return this.host.elapsedNs > 0 ? this.host.fullNs / 1e6 : undefined
  }

  /** The thread that was pegged most. */
  get pegged(): HarnessPhase['loads'][number]['pegged'] {
    const [most] = [...this.peggedSamples].sort((a, b) => b[1] - a[1])
    if (most === undefined) return undefined
    const [thread, samples] = most
    const share = samples / this.own.samples
    return { thread, share, seconds: (share * this.own.elapsedNs) / 1e9 }
  }
}
