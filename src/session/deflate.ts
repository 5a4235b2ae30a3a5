import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'
import type { Transport, TransportListener } from './transport.js'

/** Node's default, 16 kB, makes a list of many small pieces. */
const PIECE_BYTES = 64 * 1024

/**
 * Lays COMPRESS DEFLATE over a connection on which nothing is under way: raw deflate, each write flushed
 * (RFC 4978 section 4; lib/prot.c, prot_setcompress).
 */
export function overDeflate(inner: Transport): Transport {
  return new DeflateTransport(inner)
}

class DeflateTransport implements Transport {
  listener: TransportListener
  private readonly deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH })
  private readonly inflate = createInflateRaw({ chunkSize: PIECE_BYTES, finishFlush: constants.Z_SYNC_FLUSH })
  private isPaused = false
  private isFull = false
  private lastError: Error | undefined
  private isClosed = false

  constructor(private readonly inner: Transport) {
    this.listener = inner.listener
    inner.listener = {
      onBytes: (bytes, count) => this.received(bytes, count),
      onClosed: error => this.ended(error),
    }
    this.deflate.on('data', (bytes: Buffer) => inner.write(bytes))
    this.inflate
      .on('data', (bytes: Buffer) => this.listener.onBytes(bytes, bytes.length))
      .on('drain', () => this.drained())
      .on('end', () => this.closed(this.lastError))
      .on('error', error => {
        this.closed(new Error(`what came is no DEFLATE: ${error.message}`, { cause: error }))
        inner.destroy()
      })
  }

  /** Bytes are compressed in a thread of Node's: they must always stay as they are. */
  write(bytes: string | Uint8Array): boolean {
    this.deflate.write(bytes as string, 'latin1')
    return false
  }

  pause(): void {
    this.isPaused = true
    this.inflate.pause()
    this.inner.pause()
  }

  resume(): void {
    this.isPaused = false
    this.inflate.resume()
    if (!this.isFull) this.inner.resume()
  }

  destroy(): void {
    this.inner.destroy()
    this.deflate.destroy()
    this.inflate.destroy()
  }

  private received(bytes: Uint8Array, count: number): void {
    // Lent to us, and looked at later.
    if (this.inflate.write(Buffer.from(bytes.subarray(0, count))) || this.isFull) return
    this.isFull = true
    this.inner.pause()
  }

  private drained(): void {
    this.isFull = false
    if (!this.isPaused) this.inner.resume()
  }

  /** What has arrived is handed on first. */
  private ended(error: Error | undefined): void {
    this.lastError = error
    if (this.inflate.destroyed) this.closed(error)
    else this.inflate.end()
  }

  private closed(error: Error | undefined): void {
    if (this.isClosed) return
    this.isClosed = true
    this.listener.onClosed(error)
    this.deflate.destroy()
  }
}
