import type { Clock } from '../core/clock.js'
import { HarnessError } from '../core/errors.js'
import type { DoctorFacts } from '../metrics/doctor-result.js'
import type { Client } from '../session/client.js'
import { DELETE, type RecordSpan, RESERVE } from '../wire/record-scanner.js'

/** A list that pauses for so long waits for the lock, or for a master that is gone. */
const SILENT_MS = 60_000
const BANG = 33

/**
 * The whole list, as a slave reads it (RFC 3656 section 4.11), counted and thrown away. It holds the master's lock, and the
 * connection a worker until it logs out.
 *
 * @throws {HarnessError} `TIMEOUT`, or when the connection is lost or the master refuses
 */
export async function listOnce(client: Client, clock: Clock): Promise<NonNullable<DoctorFacts['list']>> {
  const startNs = clock.nowNs()
  const servers = new Map<string, number>()
  let [mailboxes, reserved, bytes] = [0, 0, 0]
  let firstNs: number | undefined
  const onRecord = (record: RecordSpan) => {
    if (record.kind === DELETE) return
    firstNs ??= client.heardNs
    mailboxes++
    if (record.kind === RESERVE) reserved++
    bytes += record.byteCount
    const server = serverOf(record)
    servers.set(server, (servers.get(server) ?? 0) + 1)
  }
  await new Promise<void>((resolve, reject) => {
    const settle = (error?: HarnessError) => {
      clearTimeout(timer)
      client.onHeard = undefined
      if (error === undefined) resolve()
      else reject(error)
    }
    const giveUp = () => {
      settle(timedOut())
      client.destroy()
    }
    let timer = setTimeout(giveUp, SILENT_MS)
    client.onHeard = () => {
      clearTimeout(timer)
      timer = setTimeout(giveUp, SILENT_MS)
    }
    const ended = {
      onDone: (status: string, text: string) => settle(status === 'OK' ? undefined : refused(status, text)),
      onLost: settle,
    }
    client.update(undefined, ended, { onRecord })
  })
  const endNs = client.heardNs
  return {
    mailboxes,
    reserved,
    bytes,
    firstMs: ((firstNs ?? endNs) - startNs) / 1e6,
    ms: (endNs - startNs) / 1e6,
    servers: Object.fromEntries(servers),
  }
}

/** `server!partition`. */
function serverOf({ bytes, locationStart, locationEnd }: RecordSpan): string {
  let server = ''
  for (let at = locationStart; at < locationEnd && bytes[at] !== BANG; at++) server += String.fromCharCode(bytes[at])
  return server
}

function timedOut(): HarnessError {
  return new HarnessError(
    'TIMEOUT',
    `nothing more of the list came in ${SILENT_MS / 1e3} s`,
    'others read lists before it, or the master is stuck: see its CPU and its log',
  )
}

function refused(status: string, text: string): HarnessError {
  return new HarnessError('MASTER_REFUSED', `the master refuses UPDATE: ${text || status}`, 'is it a slave?')
}
