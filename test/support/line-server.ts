import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

export const BANNER =
  '* AUTH "PLAIN" "LOGIN"\r\n* STARTTLS\r\n* OK MUPDATE "mail.example.com" "Cyrus IMAP" "3.6.1" "(master)"\r\n'

/** Answers each command that came whole, its literals included; the tag and the rest of it are given. */
export type Answer = (tag: string, rest: string, socket: Socket) => string | undefined

export interface LineServer {
  readonly address: { readonly host: string; readonly port: number }
  /** All that were ever accepted. */
  readonly sockets: readonly Socket[]
  onConnection(then: (socket: Socket) => void): void
  close(): Promise<void>
}

/**
 * A server that says what a test wants to have said, for what no master would do on request.
 *
 * @param serve in place of answering commands
 */
export async function lineServer(
  banner: string,
  answer: Answer = () => undefined,
  serve = (socket: Socket): unknown => serveLines(socket, (tag, rest) => answer(tag, rest, socket)),
): Promise<LineServer> {
  const sockets: Socket[] = []
  const server: Server = createServer(socket => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.write(banner)
    serve(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    sockets,
    onConnection: then => void server.on('connection', then),
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** Answers the commands that come from `stream`. @returns what leaves the rest to another */
export function serveLines(stream: Duplex, answer: (tag: string, rest: string) => string | undefined): () => void {
  let received = ''
  const onData = (bytes: Buffer) => {
    received += bytes.toString('latin1')
    for (let end = commandEnd(received); end >= 0; end = commandEnd(received)) {
      const command = received.slice(0, end)
      received = received.slice(end + 2)
      const [tag, ...rest] = command.split(' ')
      const reply = answer(tag!, rest.join(' '))
      if (reply !== undefined && !stream.destroyed) stream.write(reply, 'latin1')
    }
  }
  stream.on('data', onData)
  return () => void stream.off('data', onData)
}

/** The first line end that no literal follows; literals of tests hold none. */
function commandEnd(received: string): number {
  let end = received.indexOf('\r\n')
  while (end >= 0 && /\{\d+\+\}$/.test(received.slice(0, end))) end = received.indexOf('\r\n', end + 2)
  return end
}

/** A master that logs everybody in and leaves the rest to the test. */
export function loggedIn(answer: Answer = () => undefined): Answer {
  return (tag, rest, socket) =>
    rest.startsWith('AUTHENTICATE') ? `${tag} OK "Authenticated"\r\n` : answer(tag, rest, socket)
}
