import type { ProcessSample } from '../samplers/process-cpu.js'
import { type ClockReading, SUBJECT } from './protocol.js'

/** All probes hear it, and answer with {@link ProbeHello}. */
export const PROBE_HELLO = `${SUBJECT}.probe.hello`

/** {@link ProbeRequest}s. Who asks for looks is heard for as long as an agent would be: then nobody looks any more. */
export const probeOf = (id: string) => `${SUBJECT}.probe.${id}`
/** {@link Look}s, whoever they are for. */
export const looksOf = (id: string) => `${SUBJECT}.probe.${id}.looks`

export interface ProbeHello {
  /** Of this process; the name may be another's too. */
  readonly id: string
  readonly name: string
  readonly host: string
  readonly version: string
  /** Of the kernel that runs there. */
  readonly bootId: string
  /** The local port of the master. */
  readonly port: number
  /** `host:port`, by which others may know that master. */
  readonly addresses: readonly string[]
  /** Of the master's process; null where there is none now. */
  readonly pid: number | null
}

export type ProbeRequest =
  /** @see ClockReading */
  | { readonly kind: 'clock' }
  /** Go on looking. */
  | { readonly kind: 'watch' }
  /** The same, and look now: it has been sent when the answer comes. */
  | { readonly kind: 'look' }

export type ProbeReply = { readonly kind: 'ok' } | ({ readonly kind: 'clock' } & ClockReading)

/** What was seen since the look before, in ns of the probe's own clock: nothing lies between two of them. */
export interface Look {
  readonly fromNs: number
  readonly toNs: number
  /** Of the process now. */
  readonly pid: number | null
  /** Null where there was none, or nothing to compare with. */
  readonly sample: ProcessSample | null
}
