import { afterEach, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { listOnce } from '../../src/drivers/list-once.js'
import { Client } from '../../src/session/client.js'
import { flood } from '../support/flood.js'
import { type Answer, BANNER, type LineServer, lineServer, loggedIn } from '../support/line-server.js'

const clock = monotonicClock(monotonicOriginS())
const RECORD = 'U01 MAILBOX {1+}\r\na {3+}\r\nb!p {0+}\r\n\r\n'
let server: LineServer
let client: Client

afterEach(async () => {
  client.destroy()
  await server.close()
})

async function listFrom(limitMs: number, list: (socket: Parameters<Answer>[2]) => void) {
  server = await lineServer(
    BANNER,
    loggedIn((_, rest, socket) => {
      if (rest === 'UPDATE') list(socket)
      return undefined
    }),
  )
  const { address } = server
  client = await Client.connect({ address, credentials: { user: 'murder', password: 'x' }, clock })
  return listOnce(client, clock, limitMs)
}

it('counts a list that ends', async () => {
  const list = await listFrom(10_000, socket => void socket.write(`${RECORD}${RECORD}U01 OK "done"\r\n`))
  expect(list).toMatchObject({ mailboxes: 2, bytes: 2 * RECORD.length, servers: { b: 2 } })
})

it.each([
  {
    name: 'that says the same again and again',
    list: (socket: Parameters<Answer>[2]) => flood(socket, () => RECORD.repeat(500)),
  },
  {
    name: 'that drips',
    list: (socket: Parameters<Answer>[2]) => {
      const timer = setInterval(() => socket.write(RECORD), 20)
      socket.on('close', () => clearInterval(timer))
    },
  },
])('gives up a list $name, and says what there was', { timeout: 5000 }, async ({ list }) => {
  await expect(listFrom(500, list)).rejects.toMatchObject({
    code: 'TIMEOUT',
    message: expect.stringMatching(
      /^the list had not ended after 500 ms: [\d,]+ mailboxes, .* on 1 server until then$/,
    ),
    hint: expect.stringContaining('--dump-limit'),
  })
  expect(client.closed).toBe(true)
})

it('gives up a list of which nothing comes', { timeout: 5000 }, async () => {
  await expect(listFrom(100, () => {})).rejects.toMatchObject({
    code: 'TIMEOUT',
    message: expect.stringMatching(/^nothing of the list came/),
  })
})

it('gives up a list with more servers than there is memory for', { timeout: 20_000 }, async () => {
  let servers = 0
  const records = () => {
    let text = ''
    for (let i = 0; i < 100; i++) {
      const place = `${'s'.repeat(1000)}${servers++}!p`
      text += `U01 MAILBOX {1+}\r\na {${place.length}+}\r\n${place} {0+}\r\n\r\n`
    }
    return text
  }
  await expect(listFrom(15_000, socket => flood(socket, records))).rejects.toMatchObject({
    code: 'WIRE_LIMIT',
    message: expect.stringMatching(/ on 1\d,\d{3} servers until then$/),
  })
})
