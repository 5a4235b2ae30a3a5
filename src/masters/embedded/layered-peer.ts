import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { HarnessError } from '../../core/errors.js'
import { DeflateWire } from './deflate-wire.js'
import type { Peer, PeerListener, Wire } from './peer.js'
import { socketWire } from './socket-wire.js'
import type { ServerTls } from './server-tls.js'

/** Whoever has not secured the connection by then never will. */
const HANDSHAKE_LIMIT_MS = 30_000

/** A client at the end of a TCP connection, on which TLS and then DEFLATE can be put. */
export class LayeredPeer implements Peer {
  secured = false
  saidAll = false
  private top: Wire
  private socket: Socket
  private deflate: DeflateWire | undefined
  private listener!: PeerListener
  private paused = false
  private handshakeTimer: NodeJS.Timeout | undefined
  private unhear = () => {}

  /** @param tls what {@link startTls} needs */
  constructor(
    private readonly tcp: Socket,
    private readonly tls: ServerTls | undefined,
    private readonly handshakeLimitMs = HANDSHAKE_LIMIT_MS,
  ) {
    this.socket = tcp
    this.top = socketWire(tcp)
  }

  /** From now on what it does is told. */
  listen(listener: PeerListener): void {
    this.listener = listener
    this.hear(
      this.tcp,
      chunk => listener.received(chunk),
      () => this.ended(),
    )
    this.tcp.on('error', () => {})
    this.tcp.on('close', () => {
      this.saidAll = true
      clearTimeout(this.handshakeTimer)
      this.deflate?.close()
      listener.closed()
    })
  }

  get compressed(): boolean {
    return this.deflate !== undefined
  }

  get shown(): string | undefined {
    const { socket } = this
    return this.secured && socket instanceof TLSSocket ? certifiedName(socket) : undefined
  }

  startTls(): void {
    const { tcp, tls } = this
    if (tls === undefined) throw new HarnessError('INTERNAL', 'TLS without a certificate', '')
    this.unhear()
    tcp.pause()
    this.handshakeTimer = setTimeout(() => {
      this.listener.broken(`TLS negotiation failed: it did not come to an end within ${this.handshakeLimitMs / 1e3} s`)
      tcp.destroy()
    }, this.handshakeLimitMs)
    // What was said in clear has to be gone before anything else takes the socket.
    this.top.whenTaken(() => {
      if (!tcp.destroyed && !this.saidAll) this.wrap(tls)
    })
  }

  compress(early: Uint8Array): void {
    const { listener } = this
    const deflate = new DeflateWire(this.top, {
      received: chunk => listener.received(chunk),
      drained: () => this.drained(),
      ended: () => this.ended(),
      broken: reason => {
        listener.broken(reason)
        this.tcp.destroy()
      },
    })
    this.unhear()
    this.hear(
      this.socket,
      chunk => deflate.feed(chunk),
      () => deflate.feedEnd(),
    )
    // Only what comes out is left unread.
    this.top.resume()
    this.deflate = deflate
    this.putOn(deflate)
    if (early.length > 0) deflate.feed(early)
    if (!this.saidAll) return
    this.saidAll = false
    deflate.feedEnd()
  }

  get backlogBytes(): number {
    return this.top.backlogBytes
  }

  write(bytes: string | Uint8Array): void {
    this.top.write(bytes)
  }

  whenTaken(done: () => void): void {
    this.top.whenTaken(done)
  }

  pause(): void {
    this.paused = true
    this.top.pause()
  }

  resume(): void {
    this.paused = false
    this.top.resume()
  }

  end(): void {
    this.top.end()
  }

  destroy(): void {
    this.top.destroy()
  }

  private wrap({ secureContext, asksForCertificate }: ServerTls): void {
    const socket = new TLSSocket(this.tcp, {
      isServer: true,
      secureContext,
      requestCert: asksForCertificate,
      // Who shows none, or one of others, can still log in by password.
      rejectUnauthorized: false,
    })
    socket.once('secure', () => {
      this.secured = true
      clearTimeout(this.handshakeTimer)
      this.listener.secured()
    })
    socket.once('_tlsError', (error: Error) => {
      if (!this.secured) this.listener.broken(`TLS negotiation failed: ${error.message}`)
    })
    socket.on('error', () => {})
    this.socket = socket
    this.hear(
      socket,
      chunk => this.listener.received(chunk),
      () => {
        if (this.secured) this.ended()
        else this.tcp.destroy()
      },
    )
    this.putOn(socketWire(socket, true))
  }

  private hear(socket: Socket, received: (chunk: Uint8Array) => void, ended: () => void): void {
    const on = { data: received, drain: () => this.drained(), end: ended }
    for (const [event, listener] of Object.entries(on)) socket.on(event, listener)
    this.unhear = () => {
      for (const [event, listener] of Object.entries(on)) socket.off(event, listener)
    }
  }

  private ended(): void {
    this.saidAll = true
    this.listener.ended()
  }

  /** A wire below may have been drained before those above it. */
  private drained(): void {
    this.top.whenTaken(() => this.listener.drained())
  }

  private putOn(wire: Wire): void {
    this.top = wire
    if (this.paused) wire.pause()
  }
}

/** Who a client is by its certificate, if that was verified: its CN, as imap/tls.c has it. */
function certifiedName(socket: TLSSocket): string | undefined {
  // `authorized` is set by a tls.Server, of which there is none here, from just this.
  const { _handle: handle } = socket as unknown as { _handle: { verifyError(): Error | null } | null }
  const { subject } = socket.getPeerCertificate()
  if (subject === undefined || handle === null || handle.verifyError() !== null) return undefined
  const { CN } = subject
  return Array.isArray(CN) ? CN[0] : CN
}
