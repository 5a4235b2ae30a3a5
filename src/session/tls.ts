import { readFileSync } from 'node:fs'
import { isIP, type Socket } from 'node:net'
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import type { MasterAddress, TlsSettings } from '../core/address.js'
import { HarnessError, messageOf } from '../core/errors.js'
import { SocketTransport, traffic, type TcpTransport, type TransportListener } from './transport.js'

/** Settings come once to each thread; making a context of them takes longer than many a handshake. */
const contexts = new WeakMap<Partial<TlsSettings>, SecureContext>()

/**
 * Lays TLS over a connection on which nothing is under way. Sessions are not taken up again: neither do clients of
 * MUPDATE in Cyrus (imap/backend.c, do_starttls).
 *
 * @throws {HarnessError} `TLS_FAILED`; `USAGE` for files that are none
 */
export function overTls(
  tcp: TcpTransport,
  address: MasterAddress,
  settings: Partial<TlsSettings>,
): Promise<TlsTransport> {
  const { listener } = tcp
  const name = settings.serverName ?? address.host
  const transport = new TlsTransport(tcp, listener)
  const socket = connect({ ...within(tcp.socket, name, settings), rejectUnauthorized: settings.verify !== false })
  transport.socket = socket
  return new Promise((resolve, reject) => {
    let lastError: Error | undefined
    let isSecure = false
    // The connection below ends with it, and says less of why.
    tcp.listener = { onBytes() {}, onClosed: error => (lastError ??= error) }
    socket.once('secureConnect', () => {
      isSecure = true
      resolve(transport)
    })
    socket.on('data', (bytes: Buffer) => {
      transport.count()
      transport.listener.onBytes(bytes, bytes.length)
    })
    socket.on('error', error => (lastError ??= error))
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      transport.count()
      if (isSecure) transport.listener.onClosed(lastError)
      else reject(failed(address, name, lastError))
    })
  })
}

/**
 * What `tls.connect` is told of a connection that there is, and of whose certificate is wanted.
 *
 * @throws {HarnessError} `USAGE` for files that are none
 */
export function within(socket: Socket, name: string, settings: Partial<TlsSettings>) {
  const servername = isIP(name) === 0 ? { servername: name } : {}
  return { socket, host: name, ...servername, secureContext: contextOf(settings) }
}

export class TlsTransport extends SocketTransport {
  socket!: TLSSocket
  private readBytes: number
  private writtenBytes: number

  constructor(
    private readonly tcp: TcpTransport,
    listener: TransportListener,
  ) {
    super(listener)
    this.readBytes = tcp.socket.bytesRead
    this.writtenBytes = tcp.socket.bytesWritten
  }

  /** `TLSv1.3, TLS_AES_256_GCM_SHA384` */
  get description(): string {
    return `${this.socket.getProtocol()}, ${this.socket.getCipher().name}`
  }

  /** What has gone over the wire since the last time, handshake and all. */
  count(): void {
    const { bytesRead, bytesWritten } = this.tcp.socket
    traffic.readBytes += bytesRead - this.readBytes
    traffic.writtenBytes += bytesWritten - this.writtenBytes
    this.readBytes = bytesRead
    this.writtenBytes = bytesWritten
  }

  protected countWritten(): void {
    this.count()
  }
}

/** @throws {HarnessError} `USAGE` for files that are none */
function contextOf(settings: Partial<TlsSettings>): SecureContext {
  const known = contexts.get(settings)
  if (known !== undefined) return known
  const { caFile, certFile, keyFile = certFile, minVersion } = settings
  const ca = pem(caFile, 'certificates')
  const cert = pem(certFile, 'a certificate')
  const key = pem(keyFile, 'a key')
  try {
    const context = createSecureContext({
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
      ...(minVersion && { minVersion }),
    })
    contexts.set(settings, context)
    return context
  } catch (error) {
    const files = [...new Set([caFile, certFile, keyFile])].filter(file => file !== undefined).join(', ')
    throw new HarnessError(
      'USAGE',
      `no TLS with ${files}: ${messageOf(error)}`,
      'give PEM files: certificates of who signed the master’s; a certificate of ours, and the key to it, without a passphrase',
      { cause: error },
    )
  }
}

function pem(file: string | undefined, what: string): Buffer | undefined {
  if (file === undefined) return undefined
  try {
    return readFileSync(file)
  } catch (error) {
    throw new HarnessError('USAGE', `${file}: ${messageOf(error)}`, `give a PEM file with ${what} that can be read`)
  }
}

const UNTRUSTED = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]

function failed({ host, port }: MasterAddress, name: string, error: NodeJS.ErrnoException | undefined): HarnessError {
  const code = error?.code ?? ''
  const [what, hint] = UNTRUSTED.includes(code)
    ? [
        'who has signed its certificate is not known',
        'give his certificate with --tls-ca FILE; without TLS it is --tls off',
      ]
    : code === 'ERR_TLS_CERT_ALTNAME_INVALID'
      ? [`its certificate is not for ${name}`, 'give the name that it is for: --tls-name NAME']
      : (noTls(code) ?? [
          error === undefined ? 'the master closed the connection during the handshake' : reasonOf(error),
          'its log says more; see --tls-min, and --tls-cert where it asks for a certificate',
        ])
  return new HarnessError('TLS_FAILED', `no TLS with ${host}:${port}: ${what}`, hint, { cause: error })
}

/** What comes of a handshake with who does not know what that is, and what to do; undefined where it is something else. */
export function noTls(code: string | undefined): readonly [what: string, hint: string] | undefined {
  return code === 'ERR_SSL_WRONG_VERSION_NUMBER'
    ? ['what answers speaks no TLS', 'mupdates:// is for a port that expects TLS; others have STARTTLS: mupdate://']
    : undefined
}

/** Of OpenSSL's errors the reason: their messages hold addresses, and places in its source. */
export function reasonOf(error: Error): string {
  return 'reason' in error ? String(error.reason) : error.message.replace(/\s+/g, ' ').trim()
}
