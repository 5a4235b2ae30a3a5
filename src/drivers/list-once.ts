import type { Clock } from '../core/clock.js'
import { HarnessError } from '../core/errors.js'
import { formatBytes, formatCount, formatDurationUs } from '../core/units.js'
import type { DoctorFacts } from '../metrics/doctor-result.js'
import type { Client } from '../session/client.js'
import { DELETE, type RecordSpan, RESERVE } from '../wire/record-scanner.js'

/** Of servers' names, with what it costs to count by them: a hundred thousand, where sites have hundreds. */
const MOST_NAME_BYTES = 16e6
const BYTES_PER_NAME = 128
/** What a timer takes. */
const MOST_MS = 2 ** 31 - 1
const BANG = 33

/**
 * The whole list, as a slave reads it (RFC 3656 section 4.11), counted and thrown away. It holds the master's lock, and the
 * connection a worker until it logs out.
 *
 * @param limitMs for all of it, the wait for the lock included
 * @throws {HarnessError} `TIMEOUT` and `WIRE_LIMIT`, with what was seen until then; or when the connection is lost or the
 *   master refuses
 */
export async function listOnce(
  client: Client,
  clock: Clock,
  limitMs: number,
): Promise<NonNullable<DoctorFacts['list']>> {
  const startNs = clock.nowNs()
  const servers = new Map<string, number>()
  let [mailboxes, reserved, bytes, nameBytes] = [0, 0, 0, 0]
  let firstNs: number | undefined
  const seen = () => {
    const { size } = servers
    const on = `${formatCount(size)} server${size === 1 ? '' : 's'}`
    return `${formatCount(mailboxes)} mailboxes, ${formatBytes(bytes)}, on ${on} until then`
  }
  const onRecord = (record: RecordSpan) => {
    if (record.kind === DELETE) return
    firstNs ??= client.heardNs
    mailboxes++
    if (record.kind === RESERVE) reserved++
    bytes += record.byteCount
    const server = serverOf(record)
    const count = servers.get(server)
    if (count === undefined) nameBytes += BYTES_PER_NAME + server.length
    if (nameBytes > MOST_NAME_BYTES) throw tooManyServers(seen())
    servers.set(server, (count ?? 0) + 1)
  }
  await new Promise<void>((resolve, reject) => {
    const settle = (error?: HarnessError) => {
      clearTimeout(timer)
      if (error === undefined) resolve()
      else reject(error)
    }
    const giveUp = () => {
      settle(mailboxes === 0 ? nothingCame(limitMs) : endless(limitMs, seen()))
      client.destroy()
    }
    const timer = setTimeout(giveUp, Math.min(limitMs, MOST_MS))
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

function nothingCame(limitMs: number): HarnessError {
  return new HarnessError(
    'TIMEOUT',
    `nothing of the list came in ${formatDurationUs(limitMs * 1e3)}`,
    'others read lists before it, or the master is stuck: see its CPU and its log',
  )
}

function endless(limitMs: number, seen: string): HarnessError {
  return new HarnessError(
    'TIMEOUT',
    `the list had not ended after ${formatDurationUs(limitMs * 1e3)}: ${seen}`,
    'if the site is that large, give it more time: --dump-limit; else the master is broken, or slow: see its CPU and its log',
  )
}

function tooManyServers(seen: string): HarnessError {
  return new HarnessError(
    'WIRE_LIMIT',
    `the list names more servers than any murder has: ${seen}`,
    'it is broken, or has no end: look at what ctl_mboxlist -d says on the master',
  )
}

function refused(status: string, text: string): HarnessError {
  return new HarnessError('MASTER_REFUSED', `the master refuses UPDATE: ${text || status}`, 'is it a slave?')
}
