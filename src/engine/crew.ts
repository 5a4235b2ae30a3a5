import type { LoadSample } from '../samplers/load.js'
import type { WorkerOrder, WorkerReport } from './messages.js'
import type { CrewSetup, Shard } from './plan.js'

/** An agent; others may have the same name. */
export interface AgentName {
  readonly id: string
  readonly name: string
}

/** What a run hears of those who carry out its shards. */
export interface CrewListener {
  onReport(shard: string, report: WorkerReport): void
  /** What an agent's process used, and its host had left. */
  onLoad(agent: AgentName, samples: readonly LoadSample[]): void
  /** A shard is lost: the run is not what was planned any more. */
  onDeath(shard: string, error: Error): void
}

/** An agent on another machine, as results show it. */
export interface AgentFacts extends AgentName {
  readonly host: string
  readonly shards: readonly string[]
  /** By how much its clock is ahead, and how wrong that may be. */
  readonly clock: { readonly ns: number; readonly errorNs: number }
  /** Since it was given its part; undefined in what was not told yet. */
  readonly cpuCores: number | undefined
  readonly stealShare: number | undefined
  /** In the second that it told of last. */
  readonly coresNow: number | undefined
  /** For how long nothing was heard of it. */
  readonly silentMs: number
  /** Why it was lost. */
  readonly lost: string | undefined
}

/** Those who carry out the shards of a run: threads of this process, or agents on other machines. */
export interface Crew {
  /** Time from the order to begin a phase to its start, so that all begin together. */
  readonly leadNs: number
  /** Those of them that are on other machines. */
  readonly agents?: readonly AgentFacts[]
  /** Until all are ready. @throws {HarnessError} when one is not */
  start(shards: readonly Shard[], setup: CrewSetup): Promise<void>
  /** @param only that shard */
  order(order: WorkerOrder, only?: string): void
  /** Lets each hand up its last interval. @returns shards that did not in time and were ended: their figures are lost */
  stop(): Promise<string[]>
  kill(): Promise<void>
}
