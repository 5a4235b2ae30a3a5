import { HarnessError } from '../../core/errors.js'
import { plainInitialResponse } from '../../session/sasl.js'
import { connectTcp, type Transport } from '../../session/transport.js'
import { encodeCommand } from '../../wire/encode.js'
import { type Connections, rest } from './connections.js'
import { beyond } from './cost-of.js'

const LIMIT_MS = 10_000

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

async function arrive({ address, credentials, clock }: Connections): Promise<{ bannerUs: number; loginUs: number }> {
  let heard = ''
  let heardNs = 0
  let lost: HarnessError | undefined
  let wake = () => {}
  const listener = {
    onBytes(bytes: Uint8Array, count: number) {
      heardNs = clock.nowNs()
      heard += Buffer.from(bytes.subarray(0, count)).toString('latin1')
      wake()
    },
    onClosed() {
      lost ??= new HarnessError('MASTER_LOST', 'the master closed a connection that had just come', 'look at its log')
      wake()
    },
  }
  const said = async (what: RegExp): Promise<number> => {
    while (!what.test(heard)) {
      if (lost !== undefined) throw lost
      await new Promise<void>(resolve => (wake = resolve))
    }
    return heardNs
  }
  const limit = setTimeout(() => {
    lost = new HarnessError(
      'TIMEOUT',
      `no answer to a new connection in ${LIMIT_MS / 1000} s`,
      'the master may be busy',
    )
    wake()
  }, LIMIT_MS)
  let transport: Transport | undefined
  try {
    const connecting = connectTcp(address, listener, LIMIT_MS)
    // Node calls connect(2) in the next tick, which is now.
    const connectNs = clock.nowNs()
    transport = await connecting
    const bannerUs = ((await said(/^\* OK MUPDATE .*\r\n/m)) - connectNs) / 1e3
    await rest()
    const initialResponse = plainInitialResponse(credentials)
    const sentNs = clock.nowNs()
    transport.write(encodeCommand('A01', { kind: 'AUTHENTICATE', mechanism: 'PLAIN', initialResponse }))
    const loginUs = ((await said(/^A01 OK .*\r\n/m)) - sentNs) / 1e3
    return { bannerUs, loginUs }
  } finally {
    clearTimeout(limit)
    transport?.destroy()
  }
}
