import { createServer, type Server, type Socket } from 'node:net'
import { HarnessError, messageOf } from '../../core/errors.js'
import { Connection, type Peer } from './connection.js'
import { Core, type CoreOptions, type Surroundings } from './core.js'
import { CommandParser } from './parse-command.js'

/** With the NUL that `sizeof` of a C string counts (imap/mupdate.c service_main_fd). */
const SERVER_UNABLE = '* BYE "Server Unable"\r\n\0'

/** Slaves' moments are told apart so finely: ten thousand slaves come in five hundred portions. */
const TICK_MS = 10

export interface ServerOptions extends CoreOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
}

export interface RunningServer {
  /** Another one after a restart that lost everything. */
  readonly core: Core
  readonly port: number
  /** As a master that is killed and comes back at once: all connections end. @param empty its database is lost too */
  restart(empty: boolean): void
  /** Ends all connections and the listening socket. */
  close(): void
}

/** @throws {HarnessError} `MASTER_SETUP` when the port cannot be had */
export async function startServer(options: ServerOptions, report: (line: string) => void): Promise<RunningServer> {
  const surroundings: Surroundings = {
    nowMs: () => performance.now(),
    later: (delayMs, what) => void setTimeout(what, delayMs),
    soon: what => void setImmediate(what),
    report,
  }
  let core = new Core(options, surroundings)
  const parser = new CommandParser()
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, socket => {
    if (sockets.size >= options.connectionsMax) {
      report('Server too busy, dropping connection.')
      socket.on('error', () => {})
      socket.end(SERVER_UNABLE, 'latin1')
      return
    }
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serve(core, parser, socket)
  })
  await listen(server, options)
  const ticking = setInterval(() => core.tick(), TICK_MS)
  const address = server.address()
  return {
    get core() {
      return core
    },
    restart(empty) {
      for (const socket of sockets) socket.destroy()
      if (empty) core = new Core(options, surroundings)
    },
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close() {
      clearInterval(ticking)
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function serve(core: Core, parser: CommandParser, socket: Socket): void {
  const connection = new Connection(core, peerOf(socket), parser)
  socket.on('data', chunk => connection.received(chunk))
  socket.on('drain', () => connection.drained())
  socket.on('error', () => {})
  socket.on('close', () => connection.close())
}

function peerOf(socket: Socket): Peer {
  return {
    write(bytes) {
      if (typeof bytes === 'string') socket.write(bytes, 'latin1')
      else socket.write(bytes)
    },
    // 0 when the kernel has taken it all at once: what was written may be used again then.
    get backlogBytes() {
      return socket.writableLength
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.end(),
    // One that does not read would never see its BYE, and would keep its socket for good.
    destroy: () => void (socket.writableLength > 0 ? socket.destroy() : socket.destroySoon()),
  }
}

function listen(server: Server, { host, port }: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', error => {
      const hint = 'choose another --port, or 0 for a free one'
      reject(new HarnessError('MASTER_SETUP', `cannot listen on ${host}:${port}: ${messageOf(error)}`, hint))
    })
    server.listen({ host, port, backlog: 4096 }, resolve)
  })
}
