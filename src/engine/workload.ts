import { messageOf } from '../core/errors.js'
import { entityRandom } from '../core/random.js'
import { Backends } from '../drivers/backends.js'
import type { DriverContext } from '../drivers/context.js'
import { Preload } from '../drivers/preload.js'
import { Probes } from '../drivers/probes.js'
import { Slaves } from '../drivers/slaves.js'
import { arrivalTimes } from '../generators/arrivals.js'
import { mailboxes } from '../generators/mailboxes.js'
import { operations } from '../generators/operations.js'
import type { Plan, PlanPhase, Runnable, Shard } from './plan.js'

/** The drivers of one shard, started and stopped as the phases say. */
export class Workload {
  private preload: Preload | undefined
  private slaves: Slaves | undefined
  private probes: Probes | undefined
  private backends: Backends | undefined
  private readonly leaving = new Set<Promise<unknown>>()

  constructor(
    private readonly plan: Plan,
    private readonly shard: Shard,
    private readonly context: DriverContext,
  ) {}

  async enter(index: number, startNs: number): Promise<void> {
    const phase = this.plan.phases[index]
    const runs = (runnable: Runnable) => this.shard.runs.includes(runnable) && phase.run.includes(runnable)
    if (!runs('preload')) this.leave(this.preload?.stop())
    if (!runs('slaves')) {
      this.leave(this.slaves?.stop())
      this.slaves = undefined
    }
    if (!runs('probes')) {
      this.leave(this.probes?.stop())
      this.probes = undefined
    }
    if (!runs('backends')) this.backends?.pause()
    if (runs('preload')) this.startPreload(index, startNs)
    if (runs('slaves') && this.slaves === undefined) {
      this.slaves = new Slaves(this.context, this.plan.slaves)
      this.slaves.start({ index, startNs })
    }
    if (runs('probes') && this.probes === undefined) {
      this.probes = new Probes(this.context, this.plan.probes)
      this.probes.start()
    }
    if (runs('backends')) await this.startBackends(phase, index, startNs)
    else if (this.shard.runs.includes('backends') && this.plan.phases[index + 1]?.run.includes('backends')) {
      // Kept connections are there when the first arrival is due.
      this.leave(this.backendsOf().prepare())
    }
  }

  /** Whether the condition that ends the phase holds, as far as this shard knows. */
  met(phase: PlanPhase): boolean {
    switch (phase.until) {
      case 'preloaded':
        return this.preload === undefined || this.preload.done
      case 'streaming':
        return this.slaves === undefined || this.slaves.allStreaming
      case 'idle':
        return (this.backends === undefined || this.backends.idle) && (this.preload === undefined || this.preload.done)
      default:
        return false
    }
  }

  observe(): void {
    this.slaves?.observe()
  }

  async stop(): Promise<void> {
    const stopping = [this.preload?.stop(), this.backends?.stop(), this.slaves?.stop(), this.probes?.stop()]
    await Promise.all([...stopping, ...this.leaving])
  }

  private startPreload(index: number, startNs: number): void {
    this.preload = new Preload(this.context, this.plan.preload, mailboxes(this.plan.site, this.plan.seed))
    this.preload.start({ index, startNs })
  }

  private async startBackends(phase: PlanPhase, index: number, startNs: number): Promise<void> {
    await this.backendsOf().start({ index, startNs }, phase.arrivals)
  }

  private backendsOf(): Backends {
    const { plan, context } = this
    this.backends ??= new Backends(
      context,
      { ...plan.backends, backends: plan.site.backends.length },
      operations(plan.site, plan.mix, plan.seed),
      (spec, phaseIndex) => arrivalTimes(spec, entityRandom(plan.seed, 'arrivals', phaseIndex)),
    )
    return this.backends
  }

  private leave(leaving: Promise<unknown> | undefined): void {
    if (leaving === undefined) return
    const settled: Promise<unknown> = leaving
      .catch(error => this.context.event('driver-failed', messageOf(error)))
      .then(() => this.leaving.delete(settled))
    this.leaving.add(settled)
  }
}
