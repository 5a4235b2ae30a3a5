import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import type { HarnessError } from '../../src/core/errors.js'
import { Client, type ConnectOptions } from '../../src/session/client.js'
import { flood } from '../support/flood.js'
import { type Answer, BANNER, type LineServer, lineServer, loggedIn } from '../support/line-server.js'

const credentials = { user: 'murder', password: 'secret' }
const clock = monotonicClock(monotonicOriginS())
/** What a test may make the process keep. */
const FEW_BYTES = 48e6

let server: LineServer
let clients: Client[]

beforeEach(() => {
  clients = []
})

afterEach(async () => {
  for (const client of clients) client.destroy()
  await server.close()
})

async function serve(banner: string, answer?: Answer, then?: (socket: Socket) => void): Promise<void> {
  server = await lineServer(banner, answer)
  if (then !== undefined) server.onConnection(then)
}

async function open(options: Partial<ConnectOptions> = {}): Promise<Client> {
  const client = await Client.connect({ address: server.address, credentials, clock, timeoutMs: 5000, ...options })
  clients.push(client)
  return client
}

/** What all handlers were told, in order. */
function listener() {
  const told: string[] = []
  const handler = (name: string) => ({
    onRecord: () => void told.push(`${name} record`),
    onDone: (status: string, text: string) => void told.push(`${name} ${status} ${text}`.trimEnd()),
    onLost: ({ code }: HarnessError) => void told.push(`${name} lost ${code}`),
  })
  return { told, handler }
}

async function until(look: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !look(); i++) await new Promise(resolve => setTimeout(resolve, 5))
  expect(look()).toBe(true)
}

function held(): number {
  const { rss } = process.memoryUsage()
  return rss
}

describe('a banner', () => {
  it.each([
    [
      'of capabilities without end',
      () => `* X${Math.random()} "a"\r\n`.repeat(100),
      /banner of .* goes on after 65536/,
    ],
    ['of one capability without end', () => '* AUTH "PLAIN"\r\n'.repeat(100), /goes on after/],
    ['of empty literals without end', () => '* AUTH {0+}\r\n\r\n'.repeat(100), /goes on after/],
    ['of one line without end', () => 'x'.repeat(65_536), /a line of .* at most/],
    ['of one capability with values without end', () => ' "a"'.repeat(1000), /a line of .* at most/],
  ])('%s is refused soon, and keeps no memory', async (_, next, message) => {
    await serve('* AUTH "PLAIN"\r\n* X', undefined, socket => flood(socket, next))
    const before = held()
    await expect(open()).rejects.toMatchObject({ code: 'WIRE_LIMIT', message: expect.stringMatching(message) })
    expect(held() - before).toBeLessThan(FEW_BYTES)
  })

  it('that announces a literal of 4 GB is refused when it says so', async () => {
    await serve('* AUTH {4294967295+}\r\n')
    await expect(open()).rejects.toMatchObject({ code: 'WIRE_LIMIT' })
  })

  it('in drops is waited for no longer than a connection may take', async () => {
    let at = 0
    const drip = (socket: Socket) => {
      const timer = setInterval(() => socket.write(BANNER[at++ % 3]!), 10)
      socket.on('close', () => clearInterval(timer))
    }
    await serve('', undefined, drip)
    await expect(open({ timeoutMs: 300 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  })

  it.each([
    ['an answer before any command', 'A01 OK "Authenticated"\r\n', 'MASTER_NOT_MUPDATE'],
    ['a record', 'U01 DELETE {1+}\r\na\r\n', 'MASTER_NOT_MUPDATE'],
    ['nothing but line ends', '\r\n\r\n', 'MASTER_NOT_MUPDATE'],
    ['NULs', '\0\0\0\0\r\n', 'MASTER_NOT_MUPDATE'],
    ['an end within a literal', '* AUTH {20+}\r\nPLA', 'MASTER_LOST'],
  ])('that is %s is refused as such', async (_, says, code) => {
    await serve('', undefined, socket => socket.end(says))
    await expect(open()).rejects.toMatchObject({ code })
  })

  it('has no say over a terminal', async () => {
    await serve('* BYE "\x1b[2J\x9b31mgone\x07"\r\n')
    const error = await open().catch((error: unknown) => error as Error)
    expect((error as Error).message).toMatch(/^[ -~\ufffd]*\\x1b\[2J[ -~\ufffd]*gone\\x07$/)
  })
})

describe('a master that', () => {
  it.each([
    ['answers a tag that was never given', 'X7 OK "done"\r\n', 'WIRE_UNEXPECTED'],
    ['answers the second command first', 'X1 OK "done"\r\n', 'WIRE_UNEXPECTED'],
    ['answers twice', 'X0 OK "done"\r\nX0 OK "done"\r\n', 'WIRE_UNEXPECTED'],
    [
      'sends the record after its OK',
      'X0 OK "done"\r\nX0 MAILBOX {1+}\r\na {1+}\r\nb {1+}\r\nc\r\n',
      'WIRE_UNEXPECTED',
    ],
    ['sends a list that nobody asked for', 'U01 MAILBOX {1+}\r\na {1+}\r\nb {1+}\r\nc\r\n', 'WIRE_UNEXPECTED'],
    ['announces 4 GB', 'X0 MAILBOX {4294967295+}\r\n', 'WIRE_LIMIT'],
    ['announces more than 64 bits', `X0 NO {${'9'.repeat(30)}+}\r\n`, 'WIRE_LIMIT'],
    ['waits for a go-ahead', '+ go ahead\r\n', 'WIRE_UNEXPECTED'],
    ['goes on after its BYE', '* BYE "x"\r\nX0 OK "done"\r\nX1 OK "done"\r\n* BYE "y"\r\n', 'MASTER_BYE'],
    ['sends nonsense', '\xff\xfe\0{{"\r\n', 'WIRE_UNEXPECTED'],
  ])('%s is given up, and each command is told once', async (_, says, code) => {
    await serve(
      BANNER,
      loggedIn((tag, _rest, socket) => (tag === 'X1' ? void socket.write(says, 'latin1') : undefined)),
    )
    const lost: string[] = []
    const client = await open({ onLost: error => lost.push(error.code) })
    const { told, handler } = listener()
    client.queue({ kind: 'FIND', name: 'a' }, handler('first'))
    client.queue({ kind: 'NOOP' }, handler('second'))
    client.flush()
    await until(() => lost.length === 1)
    expect(lost).toEqual([code])
    const ends = told.filter(line => !line.endsWith('record'))
    expect(ends.map(line => line.split(' ')[0])).toEqual(['first', 'second'])
    expect(ends.at(-1)).toBe(`second lost ${code}`)
  })

  it('closes within a literal is lost, with all commands', async () => {
    await serve(
      BANNER,
      loggedIn((tag, _rest, socket) => void socket.end(`${tag} MAILBOX {20+}\r\nuser.`)),
    )
    const client = await open()
    const { told, handler } = listener()
    client.send({ kind: 'FIND', name: 'a' }, handler('find'))
    await until(() => told.length === 1)
    expect(told).toEqual(['find lost MASTER_LOST'])
  })

  it('refuses at length is cut short', async () => {
    await serve(
      BANNER,
      loggedIn(tag => `${tag} NO "${'no'.repeat(200_000)}"\r\n`),
    )
    const client = await open()
    const { status, text } = await client.request({ kind: 'NOOP' })
    expect(status).toBe('NO')
    expect(text.length).toBeLessThan(400)
  })

  it.each([
    ['the same mailbox', () => 'U01 MAILBOX {1+}\r\na {3+}\r\nb!p {0+}\r\n\r\n'.repeat(500)],
    ['a mailbox in small pieces', () => 'U01 DELETE "a"\r\n'],
  ])('lists %s without end keeps nobody from closing, and fills no memory', async (_, next) => {
    await serve(
      BANNER,
      loggedIn((_tag, rest, socket) => (rest === 'UPDATE' ? void flood(socket, next) : undefined)),
    )
    const client = await open()
    const { told, handler } = listener()
    let records = 0
    const before = held()
    client.update(undefined, handler('dump'), { onRecord: () => void records++ })
    await until(() => records > 100_000)
    expect(held() - before).toBeLessThan(FEW_BYTES)
    client.destroy()
    expect(told).toEqual(['dump lost MASTER_LOST'])
    const atEnd = records
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(records).toBe(atEnd)
  })

  it('finds without end keeps nobody from leaving', async () => {
    await serve(
      BANNER,
      loggedIn((tag, rest, socket) =>
        rest.startsWith('FIND') ? void flood(socket, () => `${tag} DELETE "a"\r\n`.repeat(100)) : undefined,
      ),
    )
    const client = await open()
    const { told, handler } = listener()
    client.send({ kind: 'FIND', name: 'a' }, handler('find'))
    await until(() => told.length > 1000)
    await client.logout(100)
    expect(client.closed).toBe(true)
    expect(told.at(-1)).toBe('find lost MASTER_LOST')
  })

  it('says nothing more is given up by who sets a limit to that, and only while something is waited for', async () => {
    await serve(
      BANNER,
      loggedIn(tag => (tag === 'X0' ? 'X0 OK "done"\r\n' : undefined)),
    )
    const client = await open({ silenceMs: 120 })
    expect((await client.request({ kind: 'NOOP' })).status).toBe('OK')
    await new Promise(resolve => setTimeout(resolve, 300))
    expect(client.closed).toBe(false)
    await expect(client.request({ kind: 'NOOP' })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('has not answered for 0.12 s'),
    })
  })
})
