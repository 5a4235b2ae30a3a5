import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'
import type { PeerListener, Wire } from './peer.js'

const NOTHING = new Uint8Array(0)
/** Whoever reads can make sense of all that was written (RFC 4978 section 4; lib/prot.c prot_flush_encode). */
const FLUSH = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }

/** DEFLATE without a header, both ways, over another wire. */
export class DeflateWire implements Wire {
  private readonly deflate = createDeflateRaw(FLUSH)
  private readonly inflate = createInflateRaw(FLUSH)

  /** @param listener is told what came as it was before it was compressed, and when it cannot have been */
  constructor(
    private readonly lower: Wire,
    { received, drained, ended, broken }: Pick<PeerListener, 'received' | 'drained' | 'ended' | 'broken'>,
  ) {
    this.deflate.on('data', piece => lower.write(piece))
    this.deflate.on('drain', drained)
    this.deflate.on('error', () => {})
    this.inflate.on('data', received)
    this.inflate.on('drain', () => lower.resume())
    this.inflate.on('error', error => broken(error.message))
    this.inflate.on('end', () => {
      if (this.inflate.writableEnded) ended()
      else broken('the compressed data has an end')
    })
  }

  get backlogBytes(): number {
    return this.deflate.writableLength + this.deflate.readableLength + this.lower.backlogBytes
  }

  /** What came on the wire below. */
  feed(chunk: Uint8Array): void {
    if (!this.inflate.write(chunk)) this.lower.pause()
  }

  /** Nothing more will come there. What came may still have to be told. */
  feedEnd(): void {
    this.inflate.end()
  }

  write(bytes: string | Uint8Array): void {
    if (typeof bytes === 'string') this.deflate.write(bytes, 'latin1')
    else this.deflate.write(bytes)
  }

  whenTaken(done: () => void): void {
    const passOn = () => {
      // Given to the wire below by the listener to `data`.
      while (this.deflate.read() !== null);
      this.lower.whenTaken(done)
    }
    if (this.deflate.writableLength === 0 || this.deflate.destroyed) passOn()
    else this.deflate.write(NOTHING, passOn)
  }

  pause(): void {
    this.inflate.pause()
  }

  resume(): void {
    this.inflate.resume()
  }

  end(): void {
    this.whenTaken(() => this.lower.end())
  }

  destroy(): void {
    if (this.lower.backlogBytes > 0) this.lower.destroy()
    else this.whenTaken(() => this.lower.destroy())
  }

  /** The wire below is gone. */
  close(): void {
    this.deflate.destroy()
    this.inflate.destroy()
  }
}
