import type { NatsConnection } from '@nats-io/transport-node'
import { rollCall } from './find-agents.js'
import { PROBE_HELLO, type ProbeHello } from './probe-protocol.js'

/** The master of a run. */
export interface Watched {
  readonly port: number
  /** Its name, and the addresses that stand for it. */
  readonly names: readonly string[]
  /** Of the kernel that runs here, where it is on this host. */
  readonly bootId: string | undefined
}

export async function allProbes(nats: NatsConnection): Promise<readonly ProbeHello[]> {
  const probes = await rollCall<ProbeHello>(nats, PROBE_HELLO, 'id', 'name', 'version', 'port', 'addresses')
  return probes.sort((a, b) => a.name.localeCompare(b.name))
}

/** Whether it is beside that master. Loopback is each host's own, so that there the kernel tells. */
export function isBeside({ port, addresses, bootId }: ProbeHello, master: Watched): boolean {
  if (port === master.port && bootId === master.bootId) return true
  return master.names.some(name => addresses.includes(`${name.toLowerCase()}:${master.port}`))
}
