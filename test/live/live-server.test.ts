import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { EventLog } from '../../src/live/event-log.js'
import { LiveServer, type LiveServerOptions } from '../../src/live/live-server.js'
import { until } from '../cli/bench.js'
import { Stream } from './stream.js'

const TOKEN = 'a-token-of-this-test'
const servers: LiveServer[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(servers.splice(0).map(server => server.stop()))
})

async function serve(options: Partial<LiveServerOptions> = {}) {
  const log = new EventLog()
  log.begin('run-1a')
  const stops: number[] = []
  const server = new LiveServer({
    address: { host: '127.0.0.1', port: 0 },
    token: TOKEN,
    log,
    page: { html: '<h1>page</h1>', policy: "default-src 'none'" },
    metrics: async () => ({ text: 'up 1\n', contentType: 'text/plain; version=0.0.4' }),
    onStop: () => stops.push(1),
    ...options,
  })
  await server.start()
  servers.push(server)
  const at = (path: string) => server.url.replace('/?', `/${path}?`)
  return { server, log, stops, at, port: Number(new URL(server.url).port) }
}

function ask(url: string, method = 'GET', headers: Record<string, string> = {}) {
  return new Promise<{ status: number; text: string; headers: Record<string, unknown> }>((resolve, reject) => {
    request(url, { method, headers, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', chunk => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode!, text, headers: response.headers }))
    })
      .on('error', reject)
      .end()
  })
}

describe('the live server', () => {
  it('gives the page and the metrics to who has the token', async () => {
    const { server, at } = await serve()
    const page = await ask(server.url)
    expect(page).toMatchObject({ status: 200, text: '<h1>page</h1>' })
    expect(page.headers).toMatchObject({
      'content-security-policy': "default-src 'none'",
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    })
    expect(await ask(at('metrics'))).toMatchObject({ status: 200, text: 'up 1\n' })
    const bare = at('metrics').replace(/\?.*/, '')
    expect(await ask(bare, 'GET', { authorization: `Bearer ${TOKEN}` })).toMatchObject({ status: 200 })
  })

  it('gives nothing to anybody else', async () => {
    const { server, at, stops } = await serve()
    for (const path of ['', 'events', 'metrics', 'stop', 'nowhere']) {
      const url = at(path)
      expect((await ask(url.replace(TOKEN, 'wrong'))).status, path).toBe(403)
      // The page itself holds nothing of the run.
      expect((await ask(url.replace(/\?.*/, ''))).status, path).toBe(path === '' ? 200 : 403)
      expect((await ask(url, 'GET', { host: 'evil.example' })).status, path).toBe(403)
      expect((await ask(url, 'POST', { origin: 'http://evil.example' })).status, path).toBe(403)
    }
    expect((await ask(server.url, 'DELETE')).status).toBe(405)
    expect((await ask(at('nowhere'))).status).toBe(404)
    expect((await ask(at('stop'))).status).toBe(404)
    expect(stops).toEqual([])
  })

  it('stops the run when its page asks', async () => {
    const { at, stops, port } = await serve()
    expect((await ask(at('stop'), 'POST', { origin: `http://127.0.0.1:${port}` })).status).toBe(202)
    expect(stops).toEqual([1])
  })

  it('survives what is no HTTP, or no URL', async () => {
    const { server, port } = await serve()
    for (const bytes of [
      '\0\0\0\r\n\r\n',
      'GET // HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET ?%zz HTTP/1.1\r\nHost: [\r\n\r\n',
    ]) {
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
      sockets.push(socket)
      await new Promise<void>(resolve => socket.once('data', () => resolve()))
    }
    expect((await ask(server.url)).status).toBe(200)
  })

  it('tells who comes late all of it, and who comes back what is new', async () => {
    const { server, log, at } = await serve()
    for (let i = 0; i < 3; i++) log.append('second', { i })
    const early = await Stream.open(at('events'))
    await early.until(events => events.length === 3)
    log.append('second', { i: 3 })
    server.tell()
    await early.until(events => events.length === 4)
    expect(early.events.map(({ data }) => data.i)).toEqual([0, 1, 2, 3])
    early.leave()
    log.append('second', { i: 4 })
    server.tell()
    const again = await Stream.open(at('events'), 'run-1a-4')
    await again.until(events => events.length === 1)
    expect(again.events[0]).toEqual({ id: 'run-1a-5', kind: 'second', data: { i: 4 } })
    // Who comes back from a run that was killed, to the next one at the same address, has seen nothing of it.
    const fromBefore = await Stream.open(at('events'), 'run-0f-4')
    await fromBefore.until(events => events.length === 5)
    expect(fromBefore.events[0]!.id).toBe('run-1a-1')
  })

  it('drops who does not read, keeps nothing for it, and goes on for the others', async () => {
    const { server, log, at, port } = await serve({ stalledMs: 1500 })
    const sleeper = connect(port, '127.0.0.1', () => {
      sleeper.write(`GET /events?token=${TOKEN} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
      sleeper.pause()
    })
    sockets.push(sleeper)
    const reader = await Stream.open(at('events'))
    const before = process.memoryUsage().external
    const gone = new Promise<void>(resolve => sleeper.once('close', () => resolve()))
    // More than any socket takes.
    for (let i = 0; i < 100; i++) {
      log.append('second', 'x'.repeat(150_000))
      server.tell()
    }
    await reader.until(events => events.length === 100)
    // The log itself is 15 MB; who does not read adds what one write is.
    expect(process.memoryUsage().external - before).toBeLessThan(40e6)
    await until('it is dropped', () => server.watching === 1)
    sleeper.on('error', () => {})
    let bytes = 0
    // Resumed: what the kernels had taken comes, and then the end.
    sleeper.on('data', chunk => (bytes += chunk.length)).resume()
    await gone
    expect(bytes).toBeLessThan(14e6)
    log.append('second', 'after')
    server.tell()
    await reader.until(events => events.length === 101)
  })

  it('lets all read to the end when it stops', async () => {
    const { server, log, at } = await serve()
    const watchers = await Promise.all(Array.from({ length: 20 }, () => Stream.open(at('events'))))
    log.append('second', 'x'.repeat(500_000))
    log.append('end', { state: 'ended' })
    server.tell()
    const { url } = server
    await server.stop()
    await Promise.all(watchers.map(({ ended }) => ended))
    for (const { events } of watchers) expect(events.at(-1)).toMatchObject({ kind: 'end', data: { state: 'ended' } })
    await expect(ask(url)).rejects.toThrow('ECONNREFUSED')
  })

  it('says when somebody listens there already', async () => {
    const { port } = await serve()
    await expect(serve({ address: { host: '127.0.0.1', port } })).rejects.toThrow(
      `--live: cannot listen on 127.0.0.1:${port}: somebody listens there already`,
    )
  })
})
