import { describe, expect, it } from 'vitest'
import { ModelWorld, type ModelWorldOptions } from './model-world.js'
import { quickCalibration } from './quick-calibration.js'
import { applyStream, type FakeClient } from './world.js'

const MAILBOXES = 1_000
/** A list of them holds the lock for so long. */
const LIST_MS = 100
/** Waking up, and what costs a nanosecond. */
const MOMENT_MS = 1

function storing(options: ModelWorldOptions = {}): { world: ModelWorld; writer: FakeClient } {
  const calibration = quickCalibration({ dumpPerMailbox: (LIST_MS * 1e3) / MAILBOXES, updatePerPending: 10 })
  const world = new ModelWorld({ calibration, ...options })
  const writer = world.login()
  for (let i = 0; i < MAILBOXES; i++) writer.say(`X ACTIVATE "user.u${i}" "be${i % 4}!p" "u${i}\tlrs\t"\r\n`)
  writer.take()
  return { world, writer }
}

/** Sends, and does not wait. */
function tell(client: FakeClient, text: string): void {
  client.connection.received(Buffer.from(text, 'latin1'))
}

/** When, in ms from now, a client has heard something. */
function heardAfterMs(world: ModelWorld, clients: readonly FakeClient[], pattern: RegExp, limitMs: number): number[] {
  const said = clients.map(() => '')
  const at = clients.map(() => Infinity)
  for (let ms = 1; ms <= limitMs; ms++) {
    world.passMs(1)
    for (const [i, client] of clients.entries()) {
      said[i] += client.take()
      if (at[i] === Infinity && pattern.test(said[i])) at[i] = ms
    }
  }
  return at
}

function streaming(world: ModelWorld): FakeClient {
  const client = world.login()
  tell(client, 'U01 UPDATE\r\n')
  world.passMs(LIST_MS + MOMENT_MS)
  expect(client.take()).toMatch(/streaming starts"\r\n$/)
  return client
}

describe('a modelled Cyrus', () => {
  it('makes lists one after the other', () => {
    const { world } = storing()
    const clients = [world.login(), world.login(), world.login()]
    for (const client of clients) tell(client, 'U01 UPDATE\r\n')
    const ends = heardAfterMs(world, clients, /streaming starts/, 1000)
    expect(ends.map(ms => Math.round(ms / LIST_MS)).sort()).toEqual([1, 2, 3])
  })

  describe('the end of a list, which waits for the client’s acknowledgement', () => {
    const slowEnds = () =>
      storing({
        calibration: quickCalibration({
          dumpPerMailbox: (LIST_MS * 1e3) / MAILBOXES,
          dumpTail: 40_000,
          updatePerPending: 10,
        }),
      })

    it('comes 40 ms later, and keeps no worker meanwhile', () => {
      const { world } = slowEnds()
      const client = world.login()
      tell(client, 'U01 UPDATE\r\n')
      const [listedMs] = heardAfterMs(world, [client], /user\.u999"?[\s\S]*u999/, LIST_MS + MOMENT_MS)
      expect(listedMs).toBeLessThanOrEqual(LIST_MS + MOMENT_MS)
      const { workers } = world.model
      expect(workers.count - workers.idle).toBe(0)
      const [endedMs] = heardAfterMs(world, [client], /streaming starts/, 100)
      expect(endedMs).toBeGreaterThanOrEqual(38)
      expect(endedMs).toBeLessThanOrEqual(42)
    })

    it('is overtaken by nothing', () => {
      const { world } = slowEnds()
      const client = world.login()
      tell(client, 'A LIST\r\nB NOOP\r\n')
      world.passMs(300)
      const said = client.take()
      expect(said.match(/^[AB] OK/gm)).toEqual(['A OK', 'B OK'])
    })

    it('reaches who has nothing more to say', () => {
      const { world } = slowEnds()
      const client = world.login()
      tell(client, 'A LIST\r\n')
      client.connection.close()
      world.passMs(300)
      expect(client.take()).toMatch(/A OK .*\r\n$/)
    })
  })

  it('lets a list come as it is walked, evenly', () => {
    const { world } = storing({
      calibration: quickCalibration({ dumpPerMailbox: 100 }),
    })
    const writer = world.login()
    for (let i = 0; i < 20_000; i++) writer.say(`X RESERVE "user.x${String(i).padStart(9, '0')}" "be!p"\r\n`)
    const client = world.login()
    tell(client, 'U01 LIST\r\n')
    world.passMs(1050)
    const half = client.take().length
    world.passMs(1049)
    const most = client.take().length
    world.passMs(2)
    expect(client.take()).toMatch(/list complete"\r\n$/)
    expect(half / (half + most)).toBeGreaterThan(0.45)
    expect(half / (half + most)).toBeLessThan(0.55)
  })

  it('lets a change wait for a list, and then be there', () => {
    const { world, writer } = storing()
    const slave = world.login()
    tell(slave, 'U01 UPDATE\r\n')
    world.passMs(MOMENT_MS)
    tell(writer, 'R RESERVE "user.new" "be!p"\r\n')
    const [answered] = heardAfterMs(world, [writer], /^R OK "done"\r\n$/, 200)
    expect(answered).toBeGreaterThanOrEqual(LIST_MS - 1)
    expect(answered).toBeLessThanOrEqual(LIST_MS + MOMENT_MS)
    expect(slave.take()).not.toContain('user.new')
    expect(slave.ask('N NOOP\r\n')).toBe('U01 RESERVE {8+}\r\nuser.new {4+}\r\nbe!p\r\nN OK "Noop done"\r\n')
  })

  it('answers a NOOP of who has nothing to wait for while a list is made', () => {
    const { world } = storing()
    const [plain, idleStream, dumping] = [world.login(), streaming(world), world.login()]
    tell(dumping, 'U01 UPDATE\r\n')
    world.passMs(10)
    expect(plain.ask('N NOOP\r\n')).toBe('N OK "Noop done"\r\n')
    expect(idleStream.ask('N NOOP\r\n')).toBe('N OK "Noop done"\r\n')
    expect(dumping.take()).not.toContain('streaming starts')
  })

  it('lets a stream with pending changes wait with its NOOP', () => {
    const { world, writer } = storing()
    const stream = streaming(world)
    writer.ask('R RESERVE "user.new" "be!p"\r\n')
    tell(world.login(), 'U01 UPDATE\r\n')
    world.passMs(MOMENT_MS)
    tell(stream, 'N NOOP\r\n')
    const [answered] = heardAfterMs(world, [stream], /RESERVE[\s\S]*N OK "Noop done"\r\n$/, 200)
    expect(answered).toBeGreaterThanOrEqual(LIST_MS - 2)
    expect(answered).toBeLessThanOrEqual(LIST_MS + MOMENT_MS)
  })

  it('sends a long burst in parts while others want the lock', () => {
    const { world, writer } = storing({
      calibration: quickCalibration({ dumpPerMailbox: 1, dumpTail: 100, updatePerPending: 1000 }),
    })
    const stream = world.login()
    stream.ask('U01 UPDATE\r\n')
    for (let i = 0; i < 100; i++) writer.say(`R RESERVE "user.n${i}" "be!p"\r\n`)
    for (const other of [world.login(), world.login()]) tell(other, 'L LIST\r\n'.repeat(300))
    world.passMs(MOMENT_MS)
    stream.take()
    tell(stream, 'N NOOP\r\n')
    const parts: string[] = []
    for (let ms = 0; ms < 1200; ms++) {
      world.passMs(1)
      const said = stream.take()
      if (said !== '') parts.push(said)
    }
    const list = new Map<string, string>()
    applyStream(list, parts.join(''))
    expect([...list.keys()].filter(name => name.startsWith('user.n'))).toHaveLength(100)
    const sizes = parts.map(part => part.match(/U01 RESERVE/g)?.length ?? 0)
    expect(sizes).toHaveLength(3)
    // 38 fill a buffer; the one after them may have been looked up with them.
    for (const size of sizes.slice(0, 2)) expect([38, 39]).toContain(size)
    expect(sizes[0]! + sizes[1]! + sizes[2]!).toBe(100)
  })

  it('sends changes every 5 s, and keeps a worker for it', () => {
    const { world, writer } = storing()
    const stream = streaming(world)
    world.passS(6)
    writer.say('R RESERVE "user.new" "be!p"\r\n')
    const [heard] = heardAfterMs(world, [stream], /user\.new/, 6000)
    expect(heard).toBeGreaterThan(3000)
    expect(heard).toBeLessThanOrEqual(5000)
  })

  it('greets nobody when streams have all workers, until one leaves', () => {
    const { world } = storing({ settings: { mupdate_workers_start: '1', mupdate_workers_max: '3' } })
    const streams = [streaming(world), streaming(world), streaming(world)]
    world.passS(6)
    const late = world.connect()
    world.passS(20)
    expect(late.take()).toBe('')
    streams[0].say('L LOGOUT\r\n')
    expect(streams[0].destroyed).toBe(true)
    expect(late.take()).toContain('* OK MUPDATE')
  })

  it('lets a client that does not read its list keep its worker, and not the lock', () => {
    const { world, writer } = storing({ settings: { mupdate_workers_start: '1', mupdate_workers_max: '2' } })
    const deaf = world.login()
    deaf.reading = false
    tell(deaf, 'L LIST\r\n')
    world.passMs(LIST_MS + MOMENT_MS)
    expect(writer.ask('R RESERVE "user.new" "be!p"\r\n')).toBe('R OK "done"\r\n')
    streaming(world)
    world.passS(6)
    const late = world.connect()
    world.passS(3)
    expect(late.take()).toBe('')
    deaf.readAgain()
    world.settle()
    expect(deaf.take()).toMatch(/list complete"\r\n$/)
    expect(late.take()).toContain('* OK MUPDATE')
  })

  it('forgets a client that is gone when a worker has read so, and a stream when it has the lock', () => {
    const { world } = storing()
    const clients = [world.login(), streaming(world), world.login()]
    tell(clients[2], 'U01 UPDATE\r\n')
    const before = world.model.connectionCount
    for (const client of clients) client.connection.close()
    world.passMs(10)
    expect(world.model.connectionCount).toBe(before - 1)
    world.passMs(LIST_MS)
    expect(world.model.connectionCount).toBe(before - 3)
    expect([world.model.streams, world.core.streams.size]).toEqual([0, 0])
  })

  it('counts for a PARTIAL-UPDATE what is on its servers', () => {
    const { world, writer } = storing({
      calibration: quickCalibration({ updatePerPending: 10_000 }),
    })
    const stream = world.login()
    stream.ask('U01 UPDATE "be1"\r\n')
    for (let i = 0; i < 40; i++) writer.say(`R RESERVE "user.n${i}" "be${i % 4}!p"\r\n`)
    tell(stream, 'N NOOP\r\n')
    const [answered] = heardAfterMs(world, [stream], /N OK "Noop done"\r\n$/, 1000)
    expect(answered).toBeGreaterThanOrEqual(98)
    expect(answered).toBeLessThanOrEqual(102)
  })

  it('leaves on the wire what it cannot serve yet', () => {
    const { world, writer } = storing({ calibration: quickCalibration({ noop: 1000 }) })
    tell(writer, 'N NOOP\r\n'.repeat(20_000))
    expect(writer.paused).toBe(true)
    world.passS(21)
    expect(writer.paused).toBe(false)
    expect(writer.take()).toBe('N OK "Noop done"\r\n'.repeat(20_000))
  })

  it('answers what waited for room when the client reads again', () => {
    const { world, writer } = storing()
    writer.reading = false
    writer.say('F FIND "user.u0"\r\n'.repeat(20_000))
    expect(writer.paused).toBe(true)
    expect(writer.backlogPeakBytes).toBeLessThan(600_000)
    writer.readAgain()
    world.passS(1)
    expect(writer.take().match(/Search completed/g)).toHaveLength(20_000)
  })

  it('turns away what is above its limit', () => {
    const { world } = storing({ settings: { mupdate_connections_max: '2' } })
    world.login()
    const third = world.connect()
    expect(third.take()).toBe('')
    expect(world.model.connectionCount).toBe(2)
  })
})
