import { connect, type Socket } from 'node:net'
import type { MasterAddress } from '../core/address.js'
import { HarnessError } from '../core/errors.js'

/** Bytes in and out of one connection: TCP; TLS over that; DEFLATE over either. */
export interface Transport {
  /** Who is told of what arrives; what is laid over it takes that place. */
  listener: TransportListener
  /** @returns whether the system took all of it at once; else bytes must stay as they are until it has */
  write(bytes: string | Uint8Array): boolean
  /** Leaves what arrives with the system, and so in the end with the peer. */
  pause(): void
  resume(): void
  destroy(): void
}

/** Bytes of all connections of this thread so far: as they were on the wire, and plain, before TLS and DEFLATE. */
export const traffic = { readBytes: 0, writtenBytes: 0, plainReadBytes: 0, plainWrittenBytes: 0 }

export interface TransportListener {
  /** `bytes[0..count)` are lent: they are overwritten after the call. */
  onBytes(bytes: Uint8Array, count: number): void
  /** Once, at the end; `undefined` when the peer closed in good order. */
  onClosed(error: Error | undefined): void
}

/**
 * One read buffer serves all connections of a thread: libuv fills it, the listener consumes it, and only then does the
 * next connection read. 10,000 slaves cost no read buffers this way.
 */
const READ_BUFFER_BYTES = 256 * 1024
let readBuffer: Buffer | undefined

/**
 * Opens a TCP connection.
 *
 * @throws {HarnessError} `MASTER_UNREACHABLE`, `TIMEOUT`
 */
export function connectTcp(
  address: MasterAddress,
  listener: TransportListener,
  timeoutMs: number,
): Promise<TcpTransport> {
  readBuffer ??= Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)
  return new Promise((resolve, reject) => {
    const where = `${address.host}:${address.port}`
    const socket: Socket = connect({
      host: address.host,
      port: address.port,
      noDelay: true,
      onread: {
        buffer: readBuffer!,
        callback(count, bytes) {
          traffic.readBytes += count
          transport.listener.onBytes(bytes, count)
          return true
        },
      },
    })
    const transport = new TcpTransport(socket, listener)
    const timer = setTimeout(() => {
      socket.destroy()
      reject(
        new HarnessError(
          'TIMEOUT',
          `no connection to ${where} in ${timeoutMs / 1000} s`,
          'check the address and the way to it',
        ),
      )
    }, timeoutMs)
    let lastError: Error | undefined
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve(transport)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      lastError = error
      clearTimeout(timer)
      reject(unreachable(where, error))
    })
    // Half-open connections are of no use here: a peer that ended its side is gone.
    socket.on('end', () => socket.destroy())
    socket.on('close', () => transport.listener.onClosed(lastError))
  })
}

/** Over a socket, in clear or not. */
export abstract class SocketTransport implements Transport {
  abstract readonly socket: Socket

  constructor(public listener: TransportListener) {}

  write(bytes: string | Uint8Array): boolean {
    if (!this.socket.writable) return true
    this.socket.write(bytes as string, 'latin1')
    this.countWritten(bytes.length)
    return this.socket.writableLength === 0
  }

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** Bytes that were given to the socket, for {@link traffic}. */
  protected abstract countWritten(byteCount: number): void
}

export class TcpTransport extends SocketTransport {
  constructor(
    readonly socket: Socket,
    listener: TransportListener,
  ) {
    super(listener)
  }

  protected countWritten(byteCount: number): void {
    traffic.writtenBytes += byteCount
  }
}

function unreachable(where: string, error: NodeJS.ErrnoException): HarnessError {
  const reasons: Record<string, [string, string]> = {
    ECONNREFUSED: [`nobody listens on ${where}`, 'start the master, or give the right host and port (MUPDATE is 3905)'],
    ENOTFOUND: [`the host of ${where} has no address`, 'check the name'],
    EAI_AGAIN: [`the host of ${where} cannot be looked up now`, 'check the name and the resolver'],
    EMFILE: ['no file descriptors are left', 'raise the limit (ulimit -n) or lower the number of connections'],
    EADDRNOTAVAIL: [`no local port is left for ${where}`, 'use kept connections, or fewer operations per second'],
  }
  const [what, hint] = reasons[error.code ?? ''] ?? [
    `cannot connect to ${where}: ${error.message}`,
    'check the address',
  ]
  return new HarnessError('MASTER_UNREACHABLE', what, hint, { cause: error })
}
