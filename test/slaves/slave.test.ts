import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { Slave, type SlaveSettings } from '../../src/slaves/slave.js'
import { BANNER, type LineServer, lineServer, loggedIn } from '../support/line-server.js'
import { slaveObserver } from '../support/slave-observer.js'

const clock = monotonicClock(monotonicOriginS())
let server: LineServer
let slave: Slave

afterEach(async () => {
  await slave.stop(50)
  await server.close()
})

/** What the slave said of itself, and what the master heard of it. */
interface Seen {
  readonly slave: string[]
  readonly master: string[]
  /** Tags of the NOOPs that it heard. */
  readonly noops: string[]
  streams: Socket[]
}

const RECORD = 'U01 MAILBOX {6+}\r\nuser.a {3+}\r\nb!p {0+}\r\n\r\n'

/** A slave of a master that gives it a list of one, and answers NOOPs unless it is told not to. */
async function start(
  settings: Partial<SlaveSettings> = {},
  list = RECORD,
  answersNoop = () => true,
  banner = BANNER,
): Promise<Seen> {
  const seen: Seen = { slave: [], master: [], noops: [], streams: [] }
  server = await lineServer(
    banner,
    loggedIn((tag, rest, socket) => {
      seen.master.push(rest)
      if (rest === 'NOOP') seen.noops.push(tag)
      if (rest === 'UPDATE') {
        seen.streams.push(socket)
        socket.on('close', () => seen.master.push('closed'))
        return `${list}${tag} OK "streaming"\r\n`
      }
      return rest === 'NOOP' && !answersNoop() ? undefined : `${tag} OK "done"\r\n`
    }),
  )
  const observer = slaveObserver(what => seen.slave.push(what))
  const all: SlaveSettings = { retryDelayNs: 10e9, mergeNsPerMailbox: 0, random: () => 0, ...settings }
  slave = new Slave({ address: server.address, credentials: { user: 'u', password: 'p' }, clock }, all, observer, 0)
  return seen
}

async function until(look: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !look(); i++) await sleep(5)
  expect(look()).toBe(true)
}

const kick = () => {
  const told: string[] = []
  slave.kick({ answered: () => void told.push('answered'), failed: () => void told.push('failed') })
  return told
}

describe('a slave and its connection', () => {
  it('reads the list, is ready, and takes what streams', async () => {
    const seen = await start()
    await until(() => slave.streaming)
    seen.streams[0]!.write(RECORD)
    await until(() => seen.slave.length === 4)
    expect(seen.slave).toEqual(['record', 'dumped', 'ready', 'record'])
  })

  it('writes the list into its database before it is ready', async () => {
    const seen = await start({ mergeNsPerMailbox: 150e6 })
    await until(() => seen.slave.includes('dumped'))
    const fromNs = clock.nowNs()
    seen.streams[0]!.write(RECORD)
    await until(() => slave.streaming)
    expect(clock.nowNs() - fromNs).toBeGreaterThan(100e6)
    await until(() => seen.slave.length === 4)
    expect(seen.slave).toEqual(['record', 'dumped', 'ready', 'record'])
  })

  it('answers kicks when it streams, and refuses them at once when it does not', async () => {
    await start({ mergeNsPerMailbox: 100e6 })
    expect(kick()).toEqual(['failed'])
    await until(() => slave.streaming)
    const told = kick()
    await until(() => told.length > 0)
    expect(told).toEqual(['answered'])
  })

  it('drops its kicks when it times out', async () => {
    const seen = await start({ retryDelayNs: 100e6 }, RECORD, () => false)
    await until(() => slave.streaming)
    const told = kick()
    await until(() => seen.slave.includes('timed out'))
    expect(told).toEqual(['failed'])
    expect(seen.slave.slice(3, 5)).toEqual(['noop unfinished', 'timed out'])
  })

  it('restarted, comes back at once, whatever its retry delay', async () => {
    const seen = await start()
    await until(() => slave.streaming)
    slave.restart()
    await until(() => seen.streams.length === 2 && slave.streaming)
    expect(seen.slave.filter(what => what === 'restarted' || what === 'dropped')).toEqual(['restarted'])
    expect(seen.master).toContain('closed')
  })

  it('counts its NOOPs anew on each connection, as Cyrus does', async () => {
    const seen = await start()
    for (const life of [1, 2]) {
      await until(() => seen.streams.length === life && slave.streaming)
      for (const answered of [1, 2]) {
        kick()
        await until(() => seen.noops.length === 2 * (life - 1) + answered)
      }
      slave.restart()
    }
    expect(seen.noops).toEqual(['N0', 'N1', 'N0', 'N1'])
  })

  it('frozen, reads nothing and lets no time pass; thawed, it goes on', async () => {
    const seen = await start({ retryDelayNs: 100e6 })
    await until(() => slave.streaming)
    slave.freeze()
    seen.streams[0]!.write(RECORD)
    await sleep(350)
    expect(seen.slave).toEqual(['record', 'dumped', 'ready'])
    expect(seen.master).not.toContain('NOOP')
    slave.thaw()
    await until(() => seen.slave.length >= 4)
    expect(seen.slave[3]).toBe('record')
    await until(() => seen.slave.includes('noop'))
    expect(seen.slave).not.toContain('timed out')
  })

  it('thawed twice, stays frozen when it is frozen again', async () => {
    const seen = await start({ retryDelayNs: 5e9 })
    await until(() => slave.streaming)
    slave.freeze()
    slave.thaw()
    await sleep(1)
    slave.thaw()
    slave.freeze()
    seen.streams[0]!.write(RECORD)
    await sleep(100)
    expect(seen.slave).toHaveLength(3)
    slave.thaw()
    await until(() => seen.slave.length >= 4)
  })

  it('without a network times out, of which the master hears nothing, and comes back with it', async () => {
    const seen = await start({ retryDelayNs: 100e6 })
    await until(() => slave.streaming)
    slave.cutNetwork()
    await until(() => seen.slave.includes('timed out'))
    await sleep(250)
    expect(seen.master.filter(line => line === 'NOOP' || line === 'closed')).toEqual([])
    expect(seen.streams).toHaveLength(1)
    slave.restoreNetwork()
    await until(() => slave.streaming && seen.streams.length === 2)
    expect(seen.master).toContain('closed')
  })

  it('whose network comes back in time goes on where it was', async () => {
    const seen = await start({ retryDelayNs: 400e6 })
    await until(() => slave.streaming)
    slave.cutNetwork()
    seen.streams[0]!.write(RECORD)
    await sleep(100)
    expect(seen.slave).toHaveLength(3)
    slave.restoreNetwork()
    await until(() => seen.slave.length >= 4)
    expect(seen.slave[3]).toBe('record')
    expect(seen.streams).toHaveLength(1)
  })

  it.each(['thawed before its network is back', 'thawed after it'])(
    'frozen and without a network, is %s',
    async order => {
      const seen = await start({ retryDelayNs: 5e9 })
      await until(() => slave.streaming)
      slave.freeze()
      slave.cutNetwork()
      seen.streams[0]!.write(RECORD)
      const ends = [() => slave.thaw(), () => slave.restoreNetwork()]
      const [first, second] = order.includes('before') ? ends : ends.toReversed()
      first!()
      await sleep(100)
      expect(seen.slave).toHaveLength(3)
      second!()
      await until(() => seen.slave.length >= 4)
      seen.streams[0]!.write(RECORD)
      await until(() => seen.slave.length >= 5)
      // It holds and lets go as before.
      slave.freeze()
      seen.streams[0]!.write(RECORD)
      await sleep(100)
      expect(seen.slave).toHaveLength(5)
      slave.thaw()
      await until(() => seen.slave.length >= 6)
    },
  )

  it('that reads slowly takes its time', async () => {
    const list = RECORD.repeat(2000)
    const fromNs = clock.nowNs()
    await start({ readBytesPerSecond: 200_000 }, list)
    await until(() => slave.streaming)
    // The last chunk costs nothing any more, and a chunk can be all that the kernel holds.
    expect(clock.nowNs() - fromNs).toBeGreaterThan(50e6)
  })

  it('that never reads has no list', async () => {
    const seen = await start({ readBytesPerSecond: 0 })
    await until(() => seen.streams.length === 1)
    await sleep(100)
    expect(seen.slave).toEqual([])
    expect(slave.streaming).toBe(false)
  })

  it('stopped while it logs in has an unfinished login', async () => {
    const seen = await start({}, RECORD, () => true, '')
    await until(() => server.sockets.length === 1)
    await slave.stop(10)
    expect(seen.slave).toEqual(['login unfinished'])
  })
})
