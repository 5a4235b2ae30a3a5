import type { Clock } from '../core/clock.js'
import { SAMPLE_MS } from '../engine/watch.js'
import { type LoadSample, LoadSampler } from '../samplers/load.js'

/** Looks are told of together: each by itself would be one more thing for the run to do, four times a second. */
const LOOKS_TOLD = 4

/** Watches an agent's process and its host while it has a part in a run. */
export class LoadWatch {
  private readonly sampler: LoadSampler
  private samples: LoadSample[] = []
  private timer: NodeJS.Timeout | undefined

  /** @param clock the run's */
  constructor(
    clock: Clock,
    private readonly tell: (samples: readonly LoadSample[]) => void,
  ) {
    this.sampler = new LoadSampler({ clock })
  }

  nameThread(tid: number | undefined, label: string): void {
    this.sampler.nameThread(tid, label)
  }

  begin(): void {
    this.sampler.sample()
    this.timer = setInterval(() => this.look(), SAMPLE_MS)
  }

  /** Tells what it has seen until now. */
  end(): void {
    if (this.timer === undefined) return
    clearInterval(this.timer)
    this.timer = undefined
    this.look()
    this.tellAll()
  }

  private look(): void {
    const sample = this.sampler.sample()
    if (sample !== undefined) this.samples.push(sample)
    if (this.samples.length >= LOOKS_TOLD) this.tellAll()
  }

  private tellAll(): void {
    const { samples } = this
    this.samples = []
    if (samples.length > 0) this.tell(samples)
  }
}
