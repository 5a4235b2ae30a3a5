import { connect as connectSocket, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import { HarnessError, messageOf } from '../core/errors.js'
import type { TlsSeen } from '../metrics/doctor-result.js'
import { NUDGE } from './banner.js'
import { Hearing } from './hearing.js'
import { noTls, reasonOf, within } from './tls.js'
import { type FirstBytes, whoAnswers } from './who-answers.js'

export interface TlsFound {
  readonly seen: TlsSeen
  /** Who speaks within; undefined where nobody does. */
  readonly inside: FirstBytes | undefined
}

/** Of a server that waits to be spoken to. */
const SILENT_MS = 500
const TAG = 'S01'

/**
 * Makes a TLS connection to see what comes of it, and trusts nobody: nothing is sent over it but a NOOP.
 *
 * @param nowMs UTC, for a certificate's days
 * @throws {HarnessError} `USAGE` for files that are none
 */
export async function tlsProbe(
  address: MasterAddress,
  mode: TlsSeen['mode'],
  { clock, nowMs, limitMs }: { readonly clock: Clock; readonly nowMs: number; readonly limitMs: number },
): Promise<TlsFound> {
  const name = address.tls?.serverName ?? address.host
  const socket = connectSocket({ host: address.host, port: address.port, noDelay: true })
  const timer = setTimeout(() => socket.destroy(new Error(`nothing came of it in ${limitMs / 1e3} s`)), limitMs)
  try {
    await opened(socket)
    if (mode === 'starttls') await startTls(socket, limitMs)
    const startNs = clock.nowNs()
    const secured = await handshake(socket, name, address.tls)
    const ms = (clock.nowNs() - startNs) / 1e6
    const inside = await whoIsInside(secured, mode)
    return {
      seen: { ...describe(secured, nowMs), kind: 'established', mode, ms, name, mechanisms: mechanismsOf(inside) },
      inside,
    }
  } catch (error) {
    if (error instanceof HarnessError) throw error
    return { seen: { kind: 'failed', mode, ...trouble(error) }, inside: undefined }
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

function trouble(error: unknown): { readonly detail: string; readonly remedy: string } {
  const [detail, remedy] = noTls((error as NodeJS.ErrnoException).code) ?? [
    error instanceof Error ? reasonOf(error) : messageOf(error),
    'look at tls_server_cert, tls_server_key, tls_versions and tls_ciphers in the master’s imapd.conf, and whether its user may read the key',
  ]
  return { detail, remedy }
}

function opened(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
}

/** RFC 3656 section 4.10; Cyrus answers with unquoted text. */
async function startTls(socket: Socket, limitMs: number): Promise<void> {
  const hearing = new Hearing()
  const onData = (bytes: Buffer) => hearing.add(bytes)
  socket.on('data', onData)
  socket.once('close', () => hearing.end())
  if ((await hearing.until(whoAnswers, limitMs))?.kind !== 'mupdate') throw new Error('no banner')
  hearing.forget()
  socket.write(`${TAG} STARTTLS\r\n`)
  const line = await hearing.until(bytes => /^[^\n]*\n/.exec(bytes.toString('latin1'))?.[0], limitMs)
  socket.off('data', onData)
  if (line === undefined) throw new Error('no answer to STARTTLS')
  if (!line.startsWith(`${TAG} OK`)) throw new Error(`STARTTLS was answered ${JSON.stringify(line.trim())}`)
}

function handshake(socket: Socket, name: string, tls: MasterAddress['tls']): Promise<TLSSocket> {
  const options = within(socket, name, tls ?? {})
  return new Promise((resolve, reject) => {
    // What is wrong with its certificate is told, and ends nothing.
    const secured = connectTls({ ...options, rejectUnauthorized: false })
    secured.once('secureConnect', () => resolve(secured))
    secured.once('error', reject)
    secured.once('close', () => reject(new Error('the connection was closed during the handshake')))
  })
}

async function whoIsInside(secured: TLSSocket, mode: TlsSeen['mode']): Promise<FirstBytes | undefined> {
  const hearing = new Hearing()
  secured.on('data', (bytes: Buffer) => hearing.add(bytes))
  secured.on('error', () => hearing.end())
  secured.once('close', () => hearing.end())
  const first = await hearing.until(whoAnswers, SILENT_MS)
  if (first !== undefined || mode === 'starttls') return first
  secured.write(NUDGE)
  return hearing.until(whoAnswers, SILENT_MS)
}

function mechanismsOf(inside: FirstBytes | undefined): string[] {
  return inside?.kind === 'mupdate' ? [...(inside.banner.capabilities.AUTH ?? [])] : []
}

function describe(
  secured: TLSSocket,
  nowMs: number,
): Pick<Extract<TlsSeen, { kind: 'established' }>, 'protocol' | 'cipher' | 'certificate' | 'distrust'> {
  const { valid_to, issuer, subject, subjectaltname } = secured.getPeerCertificate()
  const protocol = secured.getProtocol() ?? 'unknown'
  const cipher = secured.getCipher().standardName
  // Empty where none was shown.
  if (valid_to === undefined) return { protocol, cipher, certificate: null, distrust: 'none was shown' }
  const alternatives = (subjectaltname ?? '').split(', ').filter(name => name !== '')
  const names =
    alternatives.length > 0 ? alternatives.map(name => name.replace(/^(DNS|IP Address):/, '')) : [subject.CN]
  const validTo = new Date(valid_to)
  return {
    protocol,
    cipher,
    certificate: {
      names: names.filter(name => name !== undefined).flat(),
      issuer: [issuer.CN ?? issuer.O ?? 'somebody unnamed'].flat().join(', '),
      validTo: validTo.toISOString(),
      daysLeft: (validTo.getTime() - nowMs) / 86_400e3,
    },
    distrust: secured.authorized ? null : distrustOf(secured),
  }
}

/** Typed as an error, and a code of OpenSSL or Node. */
function distrustOf({ authorizationError }: TLSSocket): string {
  const error: unknown = authorizationError
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
