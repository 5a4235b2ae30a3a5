import type { ProcessSample } from '../samplers/process-cpu.js'

/** What a run hears of a master's process on another host. */
export interface ProbeListener {
  /** In the run's time, which is that of the look before to that of the next. */
  onSample(sample: ProcessSample): void
  /** Nothing is known of so much time. */
  onMissed(ns: number): void
  onLost(detail: string): void
  onBack(detail: string): void
  onRestart(previousPid: number, pid: number): void
}

/** Who watches, as results show it. */
export interface ProbeFacts {
  readonly name: string
  readonly host: string
  /** By how much its clock is ahead, and how wrong that may be. */
  readonly clock: { readonly ns: number; readonly errorNs: number }
  /** Of which nothing is known. */
  readonly missedNs: number
  /** Why it is lost; undefined while it is heard. */
  readonly lost: string | undefined
}

/** A master's process, watched on its own host by somebody who is beside it. */
export interface MasterProbe {
  readonly facts: ProbeFacts
  /** @throws {HarnessError} `AGENTS` */
  begin(listener: ProbeListener): Promise<void>
  /** A look of now, which has come when it resolves: what comes after belongs to other spans. Never fails. */
  look(): Promise<void>
  end(): void
}
