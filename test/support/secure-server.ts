import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls'
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'
import { type LineServer, lineServer, serveLines } from './line-server.js'

/** Answers a command; each layer of a connection may say something else. */
export type Answer = (tag: string, rest: string) => string | undefined

export interface SecureServer {
  readonly address: LineServer['address']
  /** What was said before TLS, after it, and after COMPRESS: verbs and what follows them. */
  readonly heard: { readonly plain: string[]; readonly tls: string[]; readonly deflate: string[] }
  /** The stream that clients are served on now; the last one's. */
  stream(): Duplex
  /** The last client's socket, below all layers. */
  wire(): Socket
  close(): Promise<void>
}

export interface SecureOptions {
  readonly banner: string
  readonly answer: Answer
  /** Absent: no TLS. */
  readonly tls?: SecureContextOptions & {
    readonly askCertificate?: true
    readonly implicit?: true
    readonly banner?: string
  }
  /** What STARTTLS is answered with, in place of an OK and TLS. */
  readonly startTlsReply?: string
  readonly compressReply?: string
}

/** A line server that does STARTTLS and COMPRESS, well or as a test wants them done badly. */
export async function secureServer(options: SecureOptions): Promise<SecureServer> {
  const {
    banner,
    answer,
    tls,
    startTlsReply = 'OK Begin TLS negotiation now\r\n',
    compressReply = 'OK DEFLATE active\r\n',
  } = options
  const heard: SecureServer['heard'] = { plain: [], tls: [], deflate: [] }
  const context = tls && createSecureContext(tls)
  let last: Duplex
  const serve = (stream: Duplex, layer: keyof typeof heard) => {
    last = stream
    stream.on('error', () => {})
    const stop = serveLines(stream, (tag, rest) => {
      heard[layer].push(rest)
      if (rest === 'STARTTLS') {
        stream.write(`${tag} ${startTlsReply}`)
        if (!startTlsReply.startsWith('OK')) return undefined
        stop()
        secure(stream as Socket)
        return undefined
      }
      if (!rest.startsWith('COMPRESS')) return answer(tag, rest)
      stream.write(`${tag} ${compressReply}`)
      if (!compressReply.startsWith('OK')) return undefined
      stop()
      serve(deflated(stream), 'deflate')
      return undefined
    })
  }
  const secure = (socket: Socket) => {
    const asks = tls?.askCertificate === true
    const over = new TLSSocket(socket, {
      isServer: true,
      secureContext: context!,
      requestCert: asks,
      rejectUnauthorized: asks,
    })
    serve(over, 'tls')
    over.write(tls?.banner ?? banner)
  }
  const server = await lineServer(tls?.implicit === true ? '' : banner, undefined, socket =>
    tls?.implicit === true ? secure(socket) : serve(socket, 'plain'),
  )
  return {
    address: server.address,
    heard,
    stream: () => last,
    wire: () => server.sockets.at(-1)!,
    close: () => server.close(),
  }
}

/** The plain side of a stream that carries raw deflate. */
function deflated(wire: Duplex): Duplex {
  const flush = constants.Z_SYNC_FLUSH
  const [inflate, deflate] = [createInflateRaw({ finishFlush: flush }), createDeflateRaw({ flush })]
  wire.pipe(inflate).on('error', () => {})
  deflate.pipe(wire)
  return Object.assign(deflate, { on: inflate.on.bind(inflate), off: inflate.off.bind(inflate) })
}
