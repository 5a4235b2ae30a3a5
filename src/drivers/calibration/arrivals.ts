import { Client } from '../../session/client.js'
import { type Connections, rest } from './connections.js'
import { beyond } from './cost-of.js'

export interface ArrivalSamples {
  readonly banner: number[]
  readonly login: number[]
}

/**
 * New connections. Banner: from connect(2) until its end was read, the handshake of TCP included; login: from AUTHENTICATE until its OK was read. Each
 * less the answer to a NOOP: that too is a wake-up of the listener, one round of it, a worker's write and our read.
 */
export async function measureArrivals(
  connections: Connections,
  noopResponse: readonly number[],
  rounds: number,
): Promise<ArrivalSamples> {
  const banner: number[] = []
  const login: number[] = []
  for (let i = 0; i < rounds; i++) {
    connections.check()
    await rest()
    const arrival = await arrive(connections)
    banner.push(arrival.bannerUs)
    login.push(arrival.loginUs)
  }
  return { banner: beyond(banner, noopResponse), login: beyond(login, noopResponse) }
}

async function arrive({
  address,
  credentials,
  clock,
}: Connections): Promise<{ readonly bannerUs: number; readonly loginUs: number }> {
  const greeting = Client.greet({ address, credentials, clock })
  // Node calls connect(2) in the next tick, which is now.
  const connectNs = clock.nowNs()
  const client = await greeting
  try {
    const bannerUs = (client.heardNs - connectNs) / 1e3
    await rest()
    const sentNs = clock.nowNs()
    await client.login()
    return { bannerUs, loginUs: (client.heardNs - sentNs) / 1e3 }
  } finally {
    client.destroy()
  }
}
