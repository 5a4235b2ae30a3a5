import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { type HarnessError, isHarnessError } from '../../src/core/errors.js'
import { Client, type ConnectOptions } from '../../src/session/client.js'
import { lastCommandsText } from '../../src/session/last-commands.js'
import { DELETE, MAILBOX, RESERVE } from '../../src/wire/record-scanner.js'
import { type Answer, BANNER, type LineServer, lineServer, loggedIn } from '../support/line-server.js'

const credentials = { user: 'murder', password: 'pa ss' }
const clock = monotonicClock(monotonicOriginS())

let server: LineServer | undefined
let clients: Client[]

beforeEach(() => {
  server = undefined
  clients = []
})

afterEach(async () => {
  for (const client of clients) client.destroy()
  await server?.close()
})

async function serve(banner: string, answer?: Answer): Promise<{ host: string; port: number }> {
  server = await lineServer(banner, answer)
  return server.address
}

async function open(
  address: { host: string; port: number },
  options: Pick<ConnectOptions, 'timeoutMs' | 'firstContact' | 'onLost'> = {},
): Promise<Client> {
  const client = await Client.connect({ address, credentials, clock, ...options })
  clients.push(client)
  return client
}

/** What each handler was told, in order. */
function recorder() {
  const told: string[] = []
  const handler = (name: string) => ({
    onRecord: () => void told.push(`${name} record`),
    onDone: (status: string, text: string) => void told.push(`${name} ${status}${text === '' ? '' : ` ${text}`}`),
    onLost: (error: HarnessError) => void told.push(`${name} lost ${error.code}`),
  })
  return { told, handler }
}

async function until(look: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !look(); i++) await new Promise(resolve => setTimeout(resolve, 5))
  expect(look()).toBe(true)
}

describe('connecting', () => {
  it.each([
    { name: 'as Cyrus sends it', banner: BANNER },
    {
      name: 'in another order, with other cases and things unknown',
      banner:
        '* PARTIAL-UPDATE\r\n* compress "DEFLATE"\r\n* X-NEW {3+}\r\na\r\n\r\n* auth "GSSAPI" "plain"\r\n* ok mupdate "h" "p" "v" "(master)"\r\n',
    },
  ])('reads a banner $name', async ({ banner }) => {
    let login = ''
    const address = await serve(banner, (tag, rest) => {
      login = rest
      return `${tag} OK "done"\r\n`
    })
    const client = await open(address)
    expect(client.banner.role).toBe('(master)')
    const initial = /^AUTHENTICATE "PLAIN" \{\d+\+\}\r\n(.*)$/.exec(login)![1]!
    expect(Buffer.from(initial, 'base64').toString()).toBe('\0murder\0pa ss')
  })

  it('reads a banner however it is split', async () => {
    for (const at of [1, 2, 15, 30, BANNER.length - 1]) {
      const address = await serve(BANNER.slice(0, at), loggedIn())
      server?.onConnection(socket => setTimeout(() => socket.write(BANNER.slice(at)), 5))
      const { banner } = await open(address)
      expect(banner).toMatchObject({ host: 'mail.example.com', product: 'Cyrus IMAP', version: '3.6.1' })
      expect([...banner.capabilities.keys()]).toEqual(['AUTH', 'STARTTLS'])
      await server?.close()
    }
  })

  it.each([
    { name: 'a BYE', says: '* BYE "Server Unable"\r\n', code: 'MASTER_BYE', message: /BYE: Server Unable/ },
    { name: 'a NO', says: '* NO "go away"\r\n', code: 'MASTER_BYE', message: /go away/ },
    { name: 'HTTP', says: 'HTTP/1.1 400 Bad Request\r\n\r\n', code: 'MASTER_NOT_MUPDATE', message: /an HTTP server/ },
    {
      name: 'IMAP',
      says: '* OK [CAPABILITY IMAP4rev1] ready\r\n',
      code: 'MASTER_NOT_MUPDATE',
      message: /something else/,
    },
    { name: 'SMTP', says: '220 mx.example.com ESMTP\r\n', code: 'MASTER_NOT_MUPDATE', message: /220 mx/ },
    {
      name: 'no PLAIN',
      says: '* AUTH "GSSAPI"\r\n* OK MUPDATE "h" "p" "v" "(master)"\r\n',
      code: 'AUTH_UNAVAILABLE',
      message: /offered: GSSAPI/,
    },
    { name: 'no AUTH', says: '* OK MUPDATE "h" "p" "v" "(master)"\r\n', code: 'AUTH_UNAVAILABLE', message: /none/ },
  ])('answered with $name fails as $code', async ({ says, code, message }) => {
    const address = await serve(says)
    await expect(open(address)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  it('tells an HTTP server, which waits for a request, by asking', async () => {
    // As Node's own and nginx do: empty lines before a request are skipped.
    const address = await serve('', tag => (tag === '' ? undefined : 'HTTP/1.1 400 Bad Request\r\n\r\n'))
    await expect(open(address, { timeoutMs: 3000, firstContact: true })).rejects.toMatchObject({
      code: 'MASTER_NOT_MUPDATE',
      message: expect.stringContaining('an HTTP server'),
    })
  })

  it('asks nothing after the first contact: no client of Cyrus does', async () => {
    const asked: string[] = []
    const address = await serve('', tag => void asked.push(tag))
    await expect(open(address, { timeoutMs: 200 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(asked).toEqual([])
  })

  it('logs in to a master that was slow with its banner, and answers the asking late', async () => {
    let asked = false
    const address = await serve('', (tag, rest, socket) => {
      if (!asked) {
        asked = true
        setTimeout(() => socket.write(BANNER), 30)
        return undefined
      }
      if (rest.startsWith('AUTHENTICATE')) return `P0 BAD "Please login first"\r\n${tag} OK "done"\r\n`
      return `${tag} OK "done"\r\n`
    })
    const client = await open(address, { timeoutMs: 3000, firstContact: true })
    expect(await client.request({ kind: 'NOOP' })).toEqual({ status: 'OK', text: '' })
  })

  it.each([
    { name: 'nothing', banner: '', answer: () => undefined, message: /no MUPDATE banner/ },
    { name: 'nothing to the login', banner: BANNER, answer: () => undefined, message: /no answer to the login/ },
  ])('answered with $name times out', async ({ banner, answer, message }) => {
    const address = await serve(banner, answer)
    await expect(open(address, { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(message),
    })
    await until(() => server!.sockets.every(socket => socket.readableEnded || socket.destroyed))
  })

  it('that fails before the login is told by its error alone: nobody holds the client yet', async () => {
    let lost = 0
    const address = await serve('')
    await expect(open(address, { timeoutMs: 100, onLost: () => lost++ })).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(lost).toBe(0)
  })

  it('refused at the login is a wrong password, which is not shown', async () => {
    const address = await serve(BANNER, tag => `${tag} NO "authentication failed"\r\n`)
    const error = await open(address).catch((error: unknown) => error)
    expect(isHarnessError(error, 'AUTH_FAILED')).toBe(true)
    expect((error as Error).message).toContain('authentication failed')
    expect(JSON.stringify(error) + (error as Error).message).not.toContain(credentials.password)
  })

  it('closed before the banner, or before the login is answered, is a lost master', async () => {
    let lost = 0
    for (const banner of ['', '* AUTH "PLAIN"\r\n']) {
      const address = await serve(banner)
      server?.onConnection(socket => socket.end())
      await expect(open(address, { onLost: () => lost++ })).rejects.toMatchObject({ code: 'MASTER_LOST' })
      await server?.close()
    }
    const address = await serve(BANNER, (_tag, _rest, socket) => void socket.destroy())
    await expect(open(address)).rejects.toMatchObject({ code: 'MASTER_LOST' })
  })
})

describe('commands', () => {
  it('pipelined are answered in order, records with their own', async () => {
    const address = await serve(
      BANNER,
      loggedIn(tag => {
        if (tag === 'X0') return 'X0 MAILBOX {6+}\r\nuser.a {3+}\r\nb!p {0+}\r\n\r\nX0 OK "done"\r\n'
        if (tag === 'X1') return 'X1 NO "not here"\r\n'
        return tag === 'X2' ? 'X2 BAD {4+}\r\nwhat\r\n' : undefined
      }),
    )
    const client = await open(address)
    const { told, handler } = recorder()
    client.queue({ kind: 'FIND', name: 'user.a' }, handler('find'))
    client.queue({ kind: 'NOOP' }, handler('first'))
    client.queue({ kind: 'NOOP' }, handler('second'))
    expect(client.inFlight).toBe(3)
    client.flush()
    await until(() => told.length === 4)
    expect(told).toEqual(['find record', 'find OK', 'first NO not here', 'second BAD what'])
  })

  it("have the tags of Cyrus's clients", async () => {
    const seen: string[] = []
    const address = await serve(BANNER, (tag, rest) => {
      seen.push(`${tag} ${rest.split(' ')[0]}`)
      return `${tag} OK "done"\r\n`
    })
    const client = await open(address)
    const { handler } = recorder()
    client.send({ kind: 'FIND', name: 'user.a' }, handler('find'))
    client.update(undefined, handler('dump'), { onRecord: () => {} })
    client.send({ kind: 'NOOP' }, handler('noop'))
    await client.logout()
    expect(seen).toEqual(['A01 AUTHENTICATE', 'X0 FIND', 'U01 UPDATE', 'X1 NOOP', 'Q01 LOGOUT'])
  })

  it('are told of many replies in one chunk, each once', async () => {
    let seen = 0
    const address = await serve(
      BANNER,
      loggedIn(tag => {
        seen++
        return `${tag} OK "done"\r\n`
      }),
    )
    const client = await open(address)
    const { told, handler } = recorder()
    for (let i = 0; i < 2000; i++) client.queue({ kind: 'NOOP' }, handler(String(i)))
    client.flush()
    await until(() => told.length === 2000)
    expect(told).toEqual(Array.from({ length: 2000 }, (_, i) => `${i} OK`))
    expect(seen).toBe(2000)
    expect(client.inFlight).toBe(0)
  })

  it.each([
    { name: 'closes', how: (socket: Socket) => void socket.end(), code: 'MASTER_LOST' },
    { name: 'resets', how: (socket: Socket) => void socket.resetAndDestroy(), code: 'MASTER_LOST' },
    { name: 'says BYE', how: (socket: Socket) => void socket.end('* BYE "shutting down"\r\n'), code: 'MASTER_BYE' },
    { name: 'answers another', how: (socket: Socket) => void socket.write('Z9 OK "x"\r\n'), code: 'WIRE_UNEXPECTED' },
    { name: 'answers nonsense', how: (socket: Socket) => void socket.write('X2 MAYBE\r\n'), code: 'WIRE_UNEXPECTED' },
  ])('are each told once when the master $name', async ({ how, code }) => {
    const address = await serve(
      BANNER,
      loggedIn((tag, _rest, socket) => {
        if (tag === 'X0') return `X0 OK "done"\r\n`
        if (tag === 'X2') how(socket)
        return undefined
      }),
    )
    const lost: string[] = []
    const client = await open(address, { onLost: error => lost.push(error.code) })
    const { told, handler } = recorder()
    for (const name of ['a', 'b', 'c']) client.queue({ kind: 'NOOP' }, handler(name))
    client.flush()
    await until(() => told.length === 3)
    client.send({ kind: 'NOOP' }, handler('late'))
    expect(told).toEqual(['a OK', `b lost ${code}`, `c lost ${code}`, `late lost ${code}`])
    expect(lost).toEqual([code])
    expect(client.closed).toBe(true)
  })

  it('sent as a batch are answered one by one, and those left are told of a loss', async () => {
    const address = await serve(
      BANNER,
      loggedIn((tag, rest, socket) => {
        // The batch is X0 to X3, and a command after it X4.
        if (rest.startsWith('ACTIVATE')) return `${tag} ${tag === 'X1' ? 'NO "exists"' : 'OK "done"'}\r\n`
        if (tag === 'X4') return `X4 OK "done"\r\n`
        if (tag === 'X6') socket.destroy()
        return undefined
      }),
    )
    const client = await open(address)
    const { told, handler } = recorder()
    const records = ['a', 'b', 'c', 'd'].map(name => ({ name, location: 's!p', acl: '', state: 'active' as const }))
    client.activateAll(records, handler('batch'))
    expect(client.inFlight).toBe(4)
    client.send({ kind: 'NOOP' }, handler('after'))
    await until(() => told.length === 5)
    expect(told).toEqual(['batch OK', 'batch NO exists', 'batch OK', 'batch OK', 'after OK'])
    client.queue({ kind: 'NOOP' }, handler('waits'))
    client.queue({ kind: 'NOOP' }, handler('lost'))
    client.flush()
    await until(() => told.length === 7)
    client.activateAll(records.slice(2), handler('late'))
    expect(told.slice(5)).toEqual([
      'waits lost MASTER_LOST',
      'lost lost MASTER_LOST',
      'late lost MASTER_LOST',
      'late lost MASTER_LOST',
    ])
    expect(client.inFlight).toBe(0)
  })

  it('that a batch loses in the middle are told once each', async () => {
    const address = await serve(
      BANNER,
      loggedIn((tag, rest, socket) => {
        if (!rest.startsWith('ACTIVATE')) return undefined
        return tag === 'X0' ? `X0 OK "done"\r\n` : void socket.destroy()
      }),
    )
    const client = await open(address)
    const { told, handler } = recorder()
    const records = ['a', 'b', 'c'].map(name => ({ name, location: 's!p', acl: '', state: 'active' as const }))
    client.activateAll(records, handler('batch'))
    await until(() => told.length === 3)
    expect(told).toEqual(['batch OK', 'batch lost MASTER_LOST', 'batch lost MASTER_LOST'])
  })

  it('are remembered: those unanswered and the last answered, without a password', async () => {
    // Answers so many commands, then closes.
    const lastOf = async (answers: number, sendAll: (client: Client) => void) => {
      const address = await serve(
        BANNER,
        loggedIn((tag, _rest, socket) => (answers-- > 0 ? `${tag} OK "done"\r\n` : void socket.destroy())),
      )
      let said: string | undefined
      const onLost: ConnectOptions['onLost'] = (_error, last) => {
        said = lastCommandsText(last)
      }
      sendAll(await open(address, { onLost }))
      await until(() => said !== undefined)
      await server!.close()
      return said
    }
    const { handler } = recorder()
    const name = 'user.m\u00c3\u00bcller\r\n'
    const deletes = (count: number) => (client: Client) => {
      for (let i = 0; i < count; i++) client.queue({ kind: 'DELETE', name: `user.u${i}` }, handler(''))
      client.flush()
    }
    expect(await lastOf(0, client => client.send({ kind: 'FIND', name }, handler('')))).toBe(
      'unanswered X0 FIND user.müller\\r\\n; before it A01 AUTHENTICATE',
    )
    expect(await lastOf(3, deletes(9))).toBe(
      'unanswered X3 DELETE user.u3, X4 DELETE user.u4, X5 DELETE user.u5 and 3 more; before it X2 DELETE user.u2, X1 DELETE user.u1',
    )
    const records = ['a', 'b', 'c'].map(name => ({ name, location: 's!p', acl: '', state: 'active' as const }))
    const batch = (client: Client) => client.activateAll(records, handler(''))
    expect(await lastOf(1, batch)).toBe('unanswered X2 ACTIVATE c; before it A01 AUTHENTICATE')
    const batchThenNoop = (client: Client) => {
      batch(client)
      client.send({ kind: 'NOOP' }, handler(''))
    }
    expect(await lastOf(3, batchThenNoop)).toBe('unanswered X3 NOOP; before it X2 ACTIVATE c, A01 AUTHENTICATE')
  })

  it('under way are told when we close, and nobody else is', async () => {
    const address = await serve(BANNER, loggedIn())
    const lost: string[] = []
    const client = await open(address, { onLost: error => lost.push(error.code) })
    const { told, handler } = recorder()
    client.send({ kind: 'NOOP' }, handler('a'))
    client.destroy()
    expect(told).toEqual(['a lost MASTER_LOST'])
    expect(lost).toEqual([])
  })

  it('logout does not wait for a master that is stuck', async () => {
    const address = await serve(BANNER, loggedIn())
    const client = await open(address)
    await client.logout(50)
    expect(client.closed).toBe(true)
    await client.logout(50)
  })
})

describe('an update stream', () => {
  it('goes to its sink, in whatever form, before and after its OK and between other replies', async () => {
    const address = await serve(
      BANNER,
      loggedIn((tag, rest, socket) => {
        if (rest === 'UPDATE') {
          setTimeout(() => socket.write(`${tag} DELETE {6+}\r\nuser.a\r\n`), 5)
          return `${tag} MAILBOX {6+}\r\nuser.a {3+}\r\nb!p {0+}\r\n\r\n${tag} RESERVE {6+}\r\nuser.b {3+}\r\nb!p\r\n${tag} OK "streaming"\r\n${tag} mailbox "user.c" "b!p" ""\r\n`
        }
        return `U01 DELETE {6+}\r\nuser.c\r\n${tag} OK "done"\r\n`
      }),
    )
    const client = await open(address)
    const { told, handler } = recorder()
    client.update(undefined, handler('dump'), {
      onRecord: ({ kind, bytes, nameStart, nameEnd }) =>
        void told.push(`${kind} ${Buffer.from(bytes.subarray(nameStart, nameEnd)).toString('latin1')}`),
    })
    await until(() => told.length === 5)
    client.send({ kind: 'NOOP' }, handler('noop'))
    await until(() => told.length === 7)
    expect(told).toEqual([
      `${MAILBOX} user.a`,
      `${RESERVE} user.b`,
      'dump OK',
      `${MAILBOX} user.c`,
      `${DELETE} user.a`,
      `${DELETE} user.c`,
      'noop OK',
    ])
  })
})
