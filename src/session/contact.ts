import type { MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import type { Answer } from '../metrics/doctor-result.js'
import { NUDGE } from './banner.js'
import { Hearing } from './hearing.js'
import { connectTcp } from './transport.js'
import { type FirstBytes, whoAnswers } from './who-answers.js'

export interface Contact {
  readonly answer: FirstBytes | Extract<Answer, { kind: 'silent' | 'hungUp' }>
  readonly connectNs: number
  /** From the connection to its answer. */
  readonly answerNs: number
  /** It spoke only when it was spoken to, so that it may want TLS. */
  readonly wasSilent: boolean
}

export interface Patience {
  readonly connectMs: number
  /** How long a port may be silent before it is asked to show what it is; and as long again until it is given up. */
  readonly silentMs: number
}

const GOODBYE = 'Q01 LOGOUT\r\n'

/**
 * Connects in clear and waits to be told who is there; nobody logs in.
 *
 * @throws {HarnessError} `MASTER_UNREACHABLE`, `TIMEOUT` when there is no connection
 */
export async function contact(address: MasterAddress, clock: Clock, patience: Patience): Promise<Contact> {
  const startNs = clock.nowNs()
  const hearing = new Hearing()
  const listener = {
    onBytes: (bytes: Uint8Array, count: number) => hearing.add(bytes.subarray(0, count)),
    onClosed: () => hearing.end(),
  }
  const transport = await connectTcp(address, listener, patience.connectMs)
  try {
    const connectedNs = clock.nowNs()
    const first = await hearing.until(whoAnswers, patience.silentMs)
    const wasSilent = first === undefined && !hearing.hasEnded && hearing.bytes.length === 0
    if (first === undefined) transport.write(NUDGE)
    const answer = first ?? (await hearing.until(whoAnswers, patience.silentMs))
    const answerNs = clock.nowNs() - connectedNs
    if (answer?.kind === 'mupdate') transport.write(GOODBYE)
    const connectNs = connectedNs - startNs
    return { answer: answer ?? inconclusive(hearing, patience), connectNs, answerNs, wasSilent }
  } finally {
    transport.destroy()
  }
}

/** Somebody may have talked all the time, and never to the point. */
function inconclusive({ hasEnded, bytes }: Hearing, { silentMs }: Patience): Contact['answer'] {
  const nobody = hasEnded ? ({ kind: 'hungUp' } as const) : ({ kind: 'silent', waitedMs: 2 * silentMs } as const)
  return whoAnswers(bytes, true) ?? nobody
}
