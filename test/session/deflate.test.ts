import { constants, deflateRawSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import type { HarnessError } from '../../src/core/errors.js'
import { Client, type ConnectOptions } from '../../src/session/client.js'
import { overDeflate } from '../../src/session/deflate.js'
import { traffic, type Transport } from '../../src/session/transport.js'
import { lineServer } from '../support/line-server.js'
import { type Answer, type SecureOptions, type SecureServer, secureServer } from '../support/secure-server.js'

const clock = monotonicClock(monotonicOriginS())
const BANNER =
  '* AUTH "PLAIN"\r\n* COMPRESS "DEFLATE"\r\n* OK MUPDATE "mail.example.com" "Cyrus IMAP" "3.6.1" "(master)"\r\n'
const RECORDS = 20_000
const LIST = Array.from({ length: RECORDS }, (_, i) => `U01 RESERVE {10+}\r\nuser.${10000 + i} {4+}\r\nbe!p\r\n`).join(
  '',
)

let server: SecureServer | undefined
let client: Client | undefined

afterEach(async () => {
  client?.destroy()
  await server?.close()
  server = undefined
})

const answer: Answer = (tag, rest) => (rest === 'UPDATE' ? `${LIST}${tag} OK "streaming"\r\n` : `${tag} OK "done"\r\n`)

async function open(options: Partial<SecureOptions> = {}, more: Partial<ConnectOptions> = {}): Promise<Client> {
  server = await secureServer({ banner: BANNER, answer, ...options })
  const credentials = { user: 'murder', password: 'pa ss' }
  client = await Client.connect({ address: { ...server.address, compress: true }, credentials, clock, ...more })
  return client
}

async function until(look: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !look(); i++) await new Promise(resolve => setTimeout(resolve, 5))
  expect(look()).toBe(true)
}

/** @returns how many records have come, and whether that was all */
function update(of: Client): { records: number; ended: boolean } {
  const seen = { records: 0, ended: false }
  const ended = {
    onDone: () => {
      seen.ended = true
    },
    onLost: () => {},
  }
  of.update(undefined, ended, { onRecord: () => void seen.records++ })
  return seen
}

describe('COMPRESS DEFLATE', () => {
  it('carries commands and a whole list, in less than they are', async () => {
    const before = { ...traffic }
    const opened = await open()
    expect(opened.security).toEqual({ tls: null, verified: null, mechanism: 'PLAIN', compression: 'DEFLATE' })
    const seen = update(opened)
    await until(() => seen.ended)
    expect(seen.records).toBe(RECORDS)
    expect(await opened.request({ kind: 'NOOP' })).toMatchObject({ status: 'OK' })
    expect(server!.heard.plain).toEqual([expect.stringMatching(/^AUTH/), 'COMPRESS "DEFLATE"'])
    expect(server!.heard.deflate).toEqual(['UPDATE', 'NOOP'])
    expect(traffic.plainReadBytes - before.plainReadBytes).toBeGreaterThan(LIST.length)
    expect(traffic.readBytes - before.readBytes).toBeLessThan(LIST.length / 5)
  })

  it('carries a batch whose bytes are used again at once', async () => {
    const opened = await open()
    const done: string[] = []
    const handler = { onDone: (status: string) => void done.push(status), onLost: () => void done.push('lost') }
    const records = (mark: string) =>
      Array.from({ length: 500 }, (_, i) => ({
        name: `user.${mark}${i}`,
        location: 'be!p',
        acl: '',
        state: 'active' as const,
      }))
    for (const mark of ['a', 'b', 'c']) opened.activateAll(records(mark), handler)
    await until(() => done.length === 1500)
    expect(new Set(done)).toEqual(new Set(['OK']))
    const names = server!.heard.deflate.map(rest => /^ACTIVATE \{\d+\+\}\r\n(\S+)/.exec(rest)?.[1])
    expect(names).toEqual(['a', 'b', 'c'].flatMap(mark => records(mark).map(({ name }) => name)))
  })

  it('is left unread while the client pauses', async () => {
    const opened = await open()
    const seen = update(opened)
    opened.pause()
    await new Promise(resolve => setTimeout(resolve, 60))
    const paused = seen.records
    expect(paused).toBeLessThan(RECORDS)
    await new Promise(resolve => setTimeout(resolve, 60))
    expect(seen.records).toBe(paused)
    opened.resume()
    await until(() => seen.ended)
    expect(seen.records).toBe(RECORDS)
  })

  it.each([
    {
      name: 'not offered',
      options: { banner: BANNER.replace('COMPRESS', 'X-COMPRESS') },
      message: /does not offer it/,
    },
    { name: 'refused', options: { compressReply: 'NO DEFLATE active via TLS\r\n' }, message: /active via TLS/ },
  ])('$name is an error: no fallback', async ({ options, message }) => {
    await expect(open(options)).rejects.toMatchObject({
      code: 'COMPRESS_UNAVAILABLE',
      message: expect.stringMatching(message),
    })
  })

  it('with more behind its OK is an error', async () => {
    await expect(open({ compressReply: 'OK DEFLATE active\r\n* BYE' })).rejects.toMatchObject({
      code: 'WIRE_UNEXPECTED',
    })
  })

  it('hands on all that came before it tells that the master is gone', async () => {
    const told: string[] = []
    const listener = {
      onBytes: (bytes: Uint8Array, count: number) => void told.push(Buffer.from(bytes.subarray(0, count)).toString()),
      onClosed: (error: Error | undefined) => void told.push(`closed: ${error?.message}`),
    }
    const wire: Transport = { listener, write: () => true, pause() {}, resume() {}, destroy() {} }
    overDeflate(wire)
    const bytes = deflateRawSync('* BYE "bye"\r\n', { finishFlush: constants.Z_SYNC_FLUSH })
    wire.listener.onBytes(bytes, bytes.length)
    wire.listener.onClosed(new Error('reset'))
    await until(() => told.length === 2)
    expect(told).toEqual(['* BYE "bye"\r\n', 'closed: reset'])
  })

  it('that is none ends the connection, once', async () => {
    const lost: HarnessError[] = []
    const clear = await lineServer(BANNER, tag => `${tag} OK "in the clear"\r\n`)
    const credentials = { user: 'murder', password: 'pa ss' }
    const onLost = (error: HarnessError) => lost.push(error)
    client = await Client.connect({ address: { ...clear.address, compress: true }, credentials, clock, onLost })
    const noop = client.request({ kind: 'NOOP' })
    clear.sockets[0]!.write('X0 OK "in the clear"\r\n')
    await expect(noop).rejects.toMatchObject({
      code: 'MASTER_LOST',
      message: expect.stringContaining('what came is no DEFLATE'),
    })
    expect(lost).toHaveLength(1)
    await clear.close()
  })
})
