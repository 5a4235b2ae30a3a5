import { deserialize, serialize } from 'node:v8'
import type { AgentName } from '../engine/crew.js'
import type { WorkerOrder, WorkerReport } from '../engine/messages.js'
import type { CrewSetup, Plan, Shard } from '../engine/plan.js'
import type { LoadSample } from '../samplers/load.js'

/**
 * What a run and its agents say to each other over NATS. All of it is plain data, as between threads: an agent is told what
 * to do in terms of a plan, and runs no code that it is sent. Versions must be the same.
 */
export const SUBJECT = 'mupdate-bench'

/** All agents hear it, and answer with {@link Hello}. */
export const HELLO = `${SUBJECT}.hello`

export const controlOf = (agent: string) => `${SUBJECT}.agent.${agent}`
/** Chunks of what an agent writes to its disk; an empty one each {@link BEAT_MS}. */
export const outputOf = (run: string, agent: string) => `${SUBJECT}.run.${run}.out.${agent}`
/** The controller is there. */
export const beatOf = (run: string) => `${SUBJECT}.run.${run}.beat`
/** From threads that send operations to those of agents, and back. */
export const newsOf = (run: string) => `${SUBJECT}.run.${run}.news`
export const partsOf = (run: string) => `${SUBJECT}.run.${run}.parts`

/** How often each side says that it is there, and after what silence it is taken for lost. */
export const BEAT_MS = 500
export const LOST_MS = 2_500

export interface Hello {
  /** Of this process; the name may be another's too. */
  readonly id: string
  readonly name: string
  readonly host: string
  readonly version: string
  /** Threads of load that it may be given. */
  readonly capacity: number
  readonly isBusy: boolean
}

/** A request to one agent. */
export type Request =
  /** @see ClockReading */
  | { readonly kind: 'clock' }
  | { readonly kind: 'assign'; readonly assignment: Assignment }
  | { readonly kind: 'order'; readonly run: string; readonly order: WorkerOrder; readonly only?: string }
  /** Its output from there on, once more. */
  | { readonly kind: 'resend'; readonly run: string; readonly from: number }
  /** The run is over: its output has arrived. */
  | { readonly kind: 'dismiss'; readonly run: string }
  /** Names of the files that it has kept of a run that was lost. */
  | { readonly kind: 'list'; readonly run: string }
  /** A chunk of one of them, from there on. */
  | { readonly kind: 'fetch'; readonly file: string; readonly from: number }
  /** Somebody else keeps it now. */
  | { readonly kind: 'forget'; readonly file: string }

export type Reply =
  | { readonly kind: 'ok' }
  | { readonly kind: 'refused'; readonly reason: string }
  | ({ readonly kind: 'clock' } & ClockReading)
  | { readonly kind: 'files'; readonly files: readonly string[] }
  | { readonly kind: 'kept'; readonly length: number; readonly bytes: Uint8Array }

export interface ClockReading {
  /** CLOCK_MONOTONIC, ns. */
  readonly ns: number
  /** Of the running kernel: the clock of the same one is the same clock. */
  readonly bootId: string
}

export interface Assignment {
  readonly run: string
  readonly version: string
  readonly shards: readonly Shard[]
  /** Without the password of a master that is not the run's own: the agent has that. */
  readonly setup: CrewSetup
  /** Whether the agent's own password is to be used. */
  readonly ownPassword: boolean
}

/** One entry of an agent's output; the first two are in that of the run itself. */
export type Output =
  | { readonly kind: 'begun'; readonly plan: Plan; readonly shards: readonly Shard[] }
  | { readonly kind: 'phase'; readonly index: number; readonly startNs: number }
  | { readonly kind: 'report'; readonly shard: string; readonly report: WorkerReport }
  | { readonly kind: 'load'; readonly agent: AgentName; readonly samples: readonly LoadSample[] }
  | { readonly kind: 'died'; readonly shard: string; readonly message: string }
  /** Messages between its thread and that of the backends were lost: what it measures is not true any more. */
  | { readonly kind: 'gap'; readonly shard: string }
  /** All its threads have ended; those of `stuck` had to be ended, and their last figures are lost. */
  | {
      readonly kind: 'ended'
      readonly stuck: readonly string[]
      /** Where the run has not said that it should. */
      readonly why?: string
    }

/** What comes on {@link outputOf}. */
export type Chunk = {
  /** Of the first byte, or of the next one where there is none. */
  readonly at: number
  readonly bytes: Uint8Array
}

/** @param message plain data: one of those here, or of those of probes */
export function encode(message: object): Uint8Array {
  return serialize(message)
}

/** @throws what is no message of ours */
export function decode<T>(bytes: Uint8Array): T {
  return deserialize(bytes) as T
}

/**
 * What comes on a subject on which others may publish too.
 *
 * @param keys what each such message has @returns undefined for what is no message of ours
 */
export function heard<T extends object>(bytes: Uint8Array, ...keys: readonly (keyof T & string)[]): T | undefined {
  try {
    const value: unknown = deserialize(bytes)
    return typeof value === 'object' && value !== null && keys.every(key => key in value) ? (value as T) : undefined
  } catch {
    return undefined
  }
}

/** A piece of a message of the threads that keep their ledgers in step; none may be missing. */
export interface Numbered {
  readonly from: string
  /** Of this piece, among all that come from there. */
  readonly number: number
  readonly bytes: Uint8Array
  /** Pieces of the message. */
  readonly of: number
  readonly isLast: boolean
}
