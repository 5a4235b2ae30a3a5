import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '../../src/core/clock.js'
import { type HarnessError, isHarnessError, messageOf } from '../../src/core/errors.js'
import { entityRandom } from '../../src/core/random.js'
import { Client, type ReplyHandler } from '../../src/session/client.js'
import { Mutator } from './mutator.js'
import { replySeeds } from './seeds.js'
import { type State, type Tally, Violation } from './tally.js'

const SIDE = 'the client'
const FRAMES = 6
const AT_ONCE = 16
const DEADLINE_MS = 10_000
const IMPATIENCE_MS = 40
const BANNER = '* AUTH "PLAIN"\r\n* OK MUPDATE "h" "p" "v" "(master)"\r\n'
const LOGGED_IN = 'A01 OK "Authenticated"\r\n'
/** A mailbox by which a client shows how far it has read. */
const MARK = '~mark'
const RECORD = 'U01 MAILBOX {1+}\r\na {3+}\r\nb!p {4+}\r\nbob\t\r\n'

/** Throws frames at clients, several beside each other: each has a server of its own, which closes when all is said. */
export async function throwAtClient(
  clock: Clock,
  state: State,
  seed: number,
  isDone: () => boolean,
  tally: Tally,
): Promise<void> {
  let connection = 0
  const one = async () => {
    const thrower = await Thrower.start()
    try {
      while (!isDone()) await throwOne(thrower, clock, state, seed, connection++, tally)
    } finally {
      thrower.close()
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
}

async function throwOne(
  thrower: Thrower,
  clock: Clock,
  state: State,
  seed: number,
  connection: number,
  tally: Tally,
): Promise<void> {
  const mutator = new Mutator(entityRandom(seed, `client ${state}`, connection), replySeeds(state))
  const frames = Array.from({ length: FRAMES }, () => mutator.next())
  const listener = new Listener()
  const fail = (what: string) => new Violation(what, SIDE, state, connection, frames.slice(0, listener.marks + 2))
  thrower.begin(state, frames)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(fail('no end: a connection that the master has closed is still waited for')),
      DEADLINE_MS,
    )
  })
  try {
    const reason = await Promise.race([listener.listen(thrower.port, clock, state), late])
    if (reason !== 'answered' && !isNamed(reason)) throw fail(reason)
    if (listener.open !== 0) throw fail(`${listener.open} commands were told of no end, or of two`)
    // The frame that it gave up at is dealt with, too.
    tally.frames += Math.min(FRAMES, listener.marks + 1)
    tally.answers += listener.told
    tally.closed(reason)
  } finally {
    clearTimeout(timer)
  }
}

function isNamed(reason: string): boolean {
  return /^[A-Z_]+$/.test(reason) && reason !== 'INTERNAL'
}

/** A client in some state, and what its handlers are told. */
class Listener {
  /** Frames behind which the mark was read. */
  marks = 0
  told = 0
  /** Commands that were sent and not told of their end. */
  open = 0
  private lost: HarnessError | undefined
  private end = () => {}
  private readonly ended = new Promise<void>(resolve => {
    this.end = resolve
  })

  /** @returns `answered`, or the code of the error that ended it */
  async listen(port: number, clock: Clock, state: State): Promise<string> {
    let client: Client
    try {
      client = await Client.connect({
        address: { host: '127.0.0.1', port },
        credentials: { user: 'murder', password: 'secret' },
        clock,
        timeoutMs: DEADLINE_MS / 2,
        onLost: error => {
          this.lost = error
          this.end()
        },
      })
    } catch (error) {
      return isHarnessError(error) ? error.code : `not a HarnessError: ${messageOf(error)}`
    }
    if (state === 'banner' || state === 'before login') {
      this.marks = FRAMES
      client.destroy()
      return 'answered'
    }
    this.converse(client, state)
    await this.ended
    client.destroy()
    const isToTheLast = this.marks >= FRAMES && this.lost?.code === 'MASTER_LOST'
    return isToTheLast ? 'answered' : this.lost!.code
  }

  private converse(client: Client, state: State): void {
    if (state === 'idle') {
      for (let i = 0; i < FRAMES; i++)
        client.queue(
          { kind: 'FIND', name: 'user.bob' },
          this.handler(() => this.marks++),
        )
      client.flush()
      return
    }
    client.update(
      undefined,
      this.handler(() => {}),
      {
        onRecord: ({ bytes, nameStart, nameEnd }) => {
          this.told++
          if (nameEnd - nameStart === MARK.length && bytes[nameStart] === MARK.charCodeAt(0)) this.marks++
        },
      },
    )
  }

  private handler(onOk: () => void): ReplyHandler {
    this.open++
    return {
      onRecord: () => void this.told++,
      onDone: () => {
        this.told++
        this.open--
        onOk()
      },
      onLost: () => {
        this.open--
      },
    }
  }
}

/** A master that says what it was told to say, to one client at a time. */
class Thrower {
  private state: State = 'idle'
  private frames: readonly Buffer[] = []

  private constructor(private readonly server: Server) {
    server.on('connection', socket => this.serve(socket))
  }

  static async start(): Promise<Thrower> {
    const server = createServer({ noDelay: true })
    const thrower = new Thrower(server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return thrower
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  begin(state: State, frames: readonly Buffer[]): void {
    this.state = state
    this.frames = frames
  }

  close(): void {
    this.server.close()
  }

  private serve(socket: Socket): void {
    const { state, frames } = this
    socket.on('error', () => {})
    if (state === 'banner') socket.write(Buffer.concat(frames))
    socket.write(BANNER)
    // What it waits for may have been swallowed.
    const impatience = setTimeout(() => socket.end(), IMPATIENCE_MS)
    socket.on('close', () => clearTimeout(impatience))
    let isLoggedIn = false
    socket.on('data', () => {
      clearTimeout(impatience)
      if (isLoggedIn) socket.end(answers(state, frames))
      else if (state === 'banner') socket.end(LOGGED_IN)
      else if (state === 'before login') socket.end(Buffer.concat([...frames, Buffer.from(LOGGED_IN)]))
      else socket.write(LOGGED_IN)
      isLoggedIn = true
    })
  }
}

/** What the client's commands are answered with. */
function answers(state: State, frames: readonly Buffer[]): Buffer {
  const text = (...parts: (string | Buffer)[]) =>
    Buffer.concat(parts.map(part => Buffer.from(part as string, 'latin1')))
  const mark = () => `U01 DELETE {${MARK.length}+}\r\n${MARK}\r\n`
  switch (state) {
    case 'idle':
      return marked(
        frames.map((frame, i) => Buffer.from(frame.toString('latin1').replaceAll('X0 ', `X${i} `), 'latin1')),
        i => `X${i} OK "done"\r\n`,
      )
    case 'mid-dump':
      return text(RECORD, marked(frames, mark), 'U01 OK "done"\r\n')
    case 'streaming':
      return text(RECORD, 'U01 OK "done"\r\n', marked(frames, mark))
    case 'mid-literal':
      // Each frame begins within a name, and ends in it or beyond.
      return text(
        ...frames.flatMap((frame, i) => [
          `U01 DELETE {${1 + Math.ceil((frame.length * (i + 1)) / frames.length)}+}\r\n`,
          frame,
          mark(),
        ]),
      )
    default:
      return text('')
  }
}

function marked(frames: readonly Buffer[], mark: (i: number) => string): Buffer {
  return Buffer.concat(frames.flatMap((frame, i) => [frame, Buffer.from(mark(i), 'latin1')]))
}
