import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { entityRandom, type Random } from '../../src/core/random.js'
import { loadHistograms } from '../../src/metrics/latency.js'
import { type RecordingOptions, RecordingProxy } from '../../src/recording/recording-proxy.js'
import type { TraceLine } from '../../src/traces/trace-line.js'
import { BANNER } from '../support/line-server.js'
import { lit } from '../support/telemetry-log.js'
import { until } from '../cli/bench.js'

const clock = monotonicClock(monotonicOriginS())
let server: Server | undefined
let proxy: RecordingProxy | undefined
let sockets: Socket[] = []
let lines: TraceLine[] = []

beforeAll(loadHistograms)

afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await proxy?.stop()
  proxy?.residence.destroy()
  server?.close()
  server = proxy = undefined
  sockets = []
  lines = []
})

/** A client, and what it is connected with behind the proxy. */
async function connected(options: Partial<{ strikes: boolean; everyRecord: boolean }> = {}) {
  server ??= createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  if (!server.listening) await once(server, 'listening')
  await start((server.address() as AddressInfo).port, options)
  const accepted = once(server, 'connection')
  const client = connect({ port: proxy!.port, host: '127.0.0.1', allowHalfOpen: true })
  const [master] = (await accepted) as [Socket]
  for (const socket of [client, master]) {
    sockets.push(socket)
    socket.on('error', () => {})
  }
  await until('that the proxy is there', () => events().includes('opened'))
  return { client, master }
}

async function start(port: number, options: Partial<RecordingOptions> = {}): Promise<void> {
  proxy ??= await RecordingProxy.start({
    listen: { host: '127.0.0.1', port: 0 },
    master: { host: '127.0.0.1', port },
    strikes: true,
    everyRecord: false,
    clock,
    startNs: clock.nowNs(),
    onLine: line => lines.push(line),
    ...options,
  })
}

/** What it hears from now on. */
function heardBy(socket: Socket): { readonly text: string } {
  const heard = { text: '' }
  socket.on('data', bytes => {
    heard.text += bytes.toString('latin1')
  })
  return heard
}

const events = () => lines.flatMap(line => ('event' in line ? [`${line.event} ${line.by ?? ''}`.trim()] : []))
const closed = () => until('the end of the connection', () => events().some(event => event.startsWith('closed')))

describe('RecordingProxy', () => {
  it('takes STARTTLS and COMPRESS out of the banner, and refuses them in their turn', async () => {
    const { client, master } = await connected()
    const [byClient, byMaster] = [heardBy(client), heardBy(master)]
    master.write(BANNER.replace('* STARTTLS', '* COMPRESS "DEFLATE"\r\n* STARTTLS'), 'latin1')
    await until('the banner', () => byClient.text.includes('OK MUPDATE'))
    expect(byClient.text).toBe(BANNER.replace('* STARTTLS\r\n', ''))
    client.write('X0 NOOP\r\nX1 STARTTLS\r\n')
    await until('the NOOP', () => byMaster.text !== '')
    await sleep(20)
    expect(byClient.text).not.toContain('X1')
    master.write('X0 OK "done"\r\n')
    await until('the refusal', () => byClient.text.includes('X1'))
    expect(byClient.text).toMatch(/X0 OK "done"\r\nX1 NO "STARTTLS is refused: this connection is recorded"\r\n$/)
    expect(byMaster.text).toBe('X0 NOOP\r\n')
    expect(
      lines.filter(line => 'verb' in line && line.verb === 'STARTTLS').map(line => 'from' in line && line.from),
    ).toEqual(['master', 'client'])
    expect(lines.at(-1)).toMatchObject({ from: 'recorder', tag: 'X1', verb: 'NO' })
  })

  it('leaves the banner as it is where it only refuses', async () => {
    const { client, master } = await connected({ strikes: false })
    const [byClient, byMaster] = [heardBy(client), heardBy(master)]
    master.write(BANNER, 'latin1')
    await until('the banner', () => byClient.text === BANNER)
    client.write('C1 COMPRESS "DEFLATE"\r\nX NOOP\r\n')
    await until('the refusal', () => byClient.text.includes('C1 NO'))
    expect(byMaster.text).toBe('X NOOP\r\n')
  })

  it('waits for the literal of what it refuses, in its turn', async () => {
    const { client, master } = await connected()
    const [byClient, byMaster] = [heardBy(client), heardBy(master)]
    master.write(BANNER, 'latin1')
    await until('the banner', () => byClient.text.includes('OK MUPDATE'))
    client.write('X0 NOOP\r\nZ01 COMPRESS {7}\r\n')
    await until('the NOOP', () => byMaster.text !== '')
    await sleep(20)
    expect(byClient.text).not.toContain('+')
    master.write('X0 OK "done"\r\n')
    await until('that it waits', () => byClient.text.endsWith('X0 OK "done"\r\n+ go ahead\r\n'))
    client.write('DEFLATE\r\n')
    await until('the refusal', () => byClient.text.includes('Z01 NO'))
    expect(byMaster.text).toBe('X0 NOOP\r\n')
  })

  it.each(['\x01junk\r\n', 'X1 NOOP {99}\r\n'])('lets no STARTTLS pass behind %j', async junk => {
    const { client, master } = await connected()
    const [byClient, byMaster] = [heardBy(client), heardBy(master)]
    master.write(BANNER, 'latin1')
    await until('the banner', () => byClient.text.includes('OK MUPDATE'))
    client.write(`${junk}S01 STARTTLS\r\n`)
    if (junk.includes('NOOP')) {
      await closed()
      expect(events().slice(1)).toEqual(['blinded', 'closed recorder'])
      expect(byClient.text).toMatch(/\r\n\* BYE "what came before cannot be read/)
    } else await until('the refusal', () => byClient.text.includes('S01 NO'))
    expect(byMaster.text).toBe(junk)
  })

  it('ends connections of its own that come back to it, and goes on', async () => {
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as AddressInfo
    listener.close()
    // As by a name that has become the recorder's since.
    await start(port, { listen: { host: '::', port }, master: { host: 'localhost', port } })
    for (let i = 0; i < 3; i++) {
      const client = connect({ port, host: '127.0.0.1' })
      sockets.push(client)
      client.resume().on('error', () => {})
      await once(client, 'close')
    }
    await until('the end', () => proxy!.open === 0)
    expect(proxy!.tally).toMatchObject({ connections: 6, looped: 3 })
    expect(events().filter(event => event === 'looped')).toHaveLength(3)
  })

  it('passes on every other byte as it is, both ways, whatever they are', async () => {
    const { client, master } = await connected()
    const [byClient, byMaster] = [heardBy(client), heardBy(master)]
    const said = { client: '', master: '' }
    const random = entityRandom(9, 'dialogue', 0)
    for (let i = 0; i < 3000; i++) {
      const isClient = random() < 0.5
      const text = piece(random, isClient)
      said[isClient ? 'client' : 'master'] += text
      ;(isClient ? client : master).write(text, 'latin1')
      if (random() < 0.02) await sleep(1)
    }
    client.end()
    master.end()
    await until(
      'all of it',
      () => byMaster.text.length >= said.client.length && byClient.text.length >= said.master.length,
    )
    expect(byMaster.text === said.client).toBe(true)
    expect(byClient.text === said.master).toBe(true)
    await closed()
    expect(proxy!.tally.bytes).toEqual({ client: said.client.length, master: said.master.length })
  })

  it('says when one side says no more, and passes that on; the other may still speak', async () => {
    const { client, master } = await connected()
    const byClient = heardBy(client)
    master.resume()
    client.end('Q01 LOGOUT\r\n')
    await once(master, 'end')
    master.write('Q01 OK "bye"\r\n')
    await until('what is said after', () => byClient.text === 'Q01 OK "bye"\r\n')
    master.end()
    await once(client, 'close')
    await closed()
    expect(events()).toEqual(['opened', 'ended client', 'ended master', 'closed client'])
  })

  it.each(['client', 'master'] as const)('a %s that breaks off breaks off the other', async which => {
    const { client, master } = await connected()
    const [broken, other] = which === 'client' ? [client, master] : [master, client]
    other.resume()
    const failed = new Promise<NodeJS.ErrnoException>(resolve => other.once('error', resolve))
    broken.resetAndDestroy()
    expect((await failed).code).toBe('ECONNRESET')
    await closed()
    expect(lines.at(-1)).toMatchObject({ event: 'closed', by: which, error: expect.stringMatching(/ECONNRESET/) })
  })

  it('a master that is not there: the client’s connection is closed, and the trace says so', async () => {
    const none = createServer().listen(0, '127.0.0.1')
    await once(none, 'listening')
    const { port } = none.address() as AddressInfo
    none.close()
    await start(port)
    const client = connect({ port: proxy!.port, host: '127.0.0.1' })
    sockets.push(client)
    client.resume().on('error', () => {})
    await once(client, 'close')
    await until('the event', () => lines.length > 0)
    expect(lines).toEqual([
      expect.objectContaining({ event: 'unreachable', error: expect.stringMatching(/ECONNREFUSED/) }),
    ])
    expect(proxy!.tally.unreachable).toBe(1)
    expect(proxy!.open).toBe(0)
  })

  it('a client that does not read holds up the master, not the memory', async () => {
    const { client, master } = await connected()
    client.pause()
    master.write(BANNER, 'latin1')
    const much = Buffer.alloc(1 << 20, 'U01 DELETE {3+}\r\nabc\r\n')
    let written = 0
    const fill = () => {
      while (!master.destroyed && written < 256 && master.write(much)) written++
    }
    master.on('drain', fill)
    fill()
    let arrived = -1
    while (arrived !== proxy!.tally.bytes.master) {
      arrived = proxy!.tally.bytes.master
      await sleep(100)
    }
    // What the system keeps for four sockets is some MB.
    expect(arrived).toBeLessThan(64 << 20)
    client.resume()
    await until('the rest', () => proxy!.tally.bytes.master > arrived + (8 << 20))
  })

  it('keeps a message for less than 200 µs at the median, and a list from none of its speed', async () => {
    const { client, master } = await connected()
    const byClient = heardBy(client)
    master.on('data', bytes => {
      for (const [, tag] of bytes.toString().matchAll(/^(\w+) NOOP/gm)) master.write(`${tag} OK "done"\r\n`)
    })
    master.write(`${BANNER}A OK "x"\r\n`, 'latin1')
    await until('the banner', () => byClient.text.includes('A OK'))
    for (let i = 0; i < 500; i++) {
      client.write(`N${i} NOOP\r\n`)
      await once(client, 'data')
    }
    expect(proxy!.residence.totalCount).toBeGreaterThanOrEqual(1000)
    expect(proxy!.residence.getValueAtPercentile(50)).toBeLessThan(200_000)

    const record = `U01 MAILBOX ${lit('user.somebody.Sent')} ${lit('be1.example.com!default')} ${lit('somebody\tlrswipkxtecdan\t')}\r\n`
    client.write('U01 UPDATE\r\n')
    const before = lines.length
    master.write(`${record.repeat(100_000)}U01 OK "list ends"\r\n`, 'latin1')
    await until('the list', () => byClient.text.endsWith('U01 OK "list ends"\r\n'))
    expect(proxy!.tally.records).toBe(100_000)
    expect(lines.length - before).toBeLessThan(40)
  })
})

/** Lines of either, garbage, and beginnings of both; of what is struck or refused nothing. */
function piece(random: Random, isClient: boolean): string {
  const pick = Math.floor(random() * 6)
  const bytes = String.fromCharCode(
    ...Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256)),
  )
  if (pick === 0) return bytes
  if (pick === 1)
    return isClient ? `X${pick} FIND ${lit(bytes)}\r\n` : `U01 MAILBOX ${lit(bytes)} ${lit('a!b')} ${lit('')}\r\n`
  if (pick === 2) return isClient ? 'A01 AUTHENTICATE "PLAIN"\r\n' : '* AUTH "PLAIN"\r\n* OK MUPDATE "a" "b" "c"\r\n'
  if (pick === 3) return isClient ? 'U01 UPDATE\r\n' : 'U01 OK "list ends"\r\n'
  if (pick === 4) return ['X1', ' ', 'START', '{5', '"', '\\', '\r'][Math.floor(random() * 7)]!
  return '\r\n'
}
