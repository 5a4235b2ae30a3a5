import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { entityRandom } from '../../../src/core/random.js'
import { VirtualTimeline } from '../../../src/core/timeline.js'
import { Costs } from '../../../src/masters/model/calibration.js'
import type { ModelConnection } from '../../../src/masters/model/connection.js'
import { CyrusModel } from '../../../src/masters/model/cyrus-model.js'
import type { ModelCommand, Port } from '../../../src/masters/model/port.js'
import { modelSettings } from '../../../src/masters/model/settings.js'
import { calibrationOf } from './calibration.js'

const MS = 1e6
const SECOND = 1e9
const ONE_WORKER = { mupdate_workers_start: '1', mupdate_workers_minspare: '1', mupdate_workers_max: '1' }
const LIST: ModelCommand = { kind: 'list', streams: true }
const NOOP: ModelCommand = { kind: 'noop' }
const RESERVE: ModelCommand = { kind: 'set', what: 'reserve' }

interface Entry {
  readonly atNs: number
  readonly client: number
  readonly what: string
}

/** What the master itself does at the same ns comes in any order. */
class ShuffledTimeline extends VirtualTimeline {
  constructor(private readonly random: () => number) {
    super()
  }

  override at(ns: number, rank: number, what: () => void) {
    return super.at(ns, rank === 0 ? this.random() / 2 : rank, what)
  }
}

/** A model, and clients whose every word is written down. */
class World {
  readonly timeline: VirtualTimeline
  readonly model: CyrusModel
  readonly log: Entry[] = []
  /** Of the lock, at any moment. */
  mostHolders = 0
  deaths = 0

  constructor({
    settings = {},
    mailboxes = 1000,
    spread = 0,
    seed = 1,
    timeline = new VirtualTimeline(),
  }: WorldOptions = {}) {
    this.mailboxes = mailboxes
    this.timeline = timeline
    const costs = new Costs(calibrationOf({}, spread), entityRandom(seed, 'costs', 0))
    this.model = new CyrusModel(this.timeline, modelSettings(settings), costs, () => this.deaths++)
    this.watchLock()
  }

  private watchLock(): void {
    const { lock } = this.model
    const { acquire, release } = lock
    let holders = 0
    lock.acquire = (rank, got) =>
      acquire.call(lock, rank, () => {
        this.mostHolders = Math.max(this.mostHolders, ++holders)
        got()
      })
    lock.release = () => {
      holders--
      release.call(lock)
    }
  }

  readonly mailboxes: number

  /** @param index also its rank, but for 0, which is the master's */
  client(index: number, share = 1): TestClient {
    return new TestClient(this, index, share)
  }

  /** One that asks for the list at once. */
  stream(index: number): TestClient {
    return this.client(index)
      .at(0, 'connect')
      .at(5 * MS, LIST)
  }

  note(client: number, what: string): void {
    this.log.push({ atNs: this.timeline.nowNs, client, what })
  }

  /** When a client got this for the first time; undefined when it never did. */
  when(client: number, what: string): number | undefined {
    return this.log.find(entry => entry.client === client && entry.what === what)?.atNs
  }
}

interface WorldOptions {
  readonly settings?: Record<string, string>
  readonly mailboxes?: number
  readonly spread?: number
  readonly seed?: number
  readonly timeline?: VirtualTimeline
}

class TestClient implements Port {
  readonly mailboxes: number
  private connection: ModelConnection | undefined
  private readonly arrived: { readonly command: ModelCommand; readonly name: string }[] = []
  private taken = ''
  private buffer: string[] = []
  private sent = 0
  reads = true
  private onRead: (() => void) | undefined
  /** Changes of which it was told, as ranges. */
  readonly told: [number, number][] = []
  listFrom = Number.NaN
  /** What it asks to be set is refused. */
  isRefused = false

  constructor(
    private readonly world: World,
    readonly index: number,
    readonly share: number,
  ) {
    this.mailboxes = world.mailboxes
  }

  /** @param atNs of the timeline */
  at(atNs: number, ...commands: (ModelCommand | 'connect' | 'gone')[]): this {
    for (const command of commands) {
      this.world.timeline.at(atNs, this.index + 1, () => {
        if (command === 'connect') this.connect()
        else this.say(command === 'gone' ? { kind: 'gone' } : command)
      })
    }
    return this
  }

  private connect(): void {
    this.connection = this.world.model.connect(this, this.index + 1)
    if (this.connection === undefined) this.world.note(this.index, 'BYE')
  }

  private say(command: ModelCommand): void {
    if (this.connection === undefined) return
    const name = `${command.kind} ${this.sent++}`
    this.world.note(this.index, `sends ${name}`)
    this.arrived.push({ command, name })
    this.connection.received()
  }

  next(): ModelCommand | undefined {
    const taken = this.arrived.shift()
    this.taken = taken?.name ?? ''
    return taken?.command
  }

  banner(): void {
    this.buffer.push('banner')
  }

  execute(command: ModelCommand): boolean {
    this.buffer.push(this.taken)
    return command.kind === 'set' && !this.isRefused
  }

  bye(): void {
    this.buffer.push('idle for too long')
  }

  sendUpdates(from: number, to: number): void {
    this.told.push([from, to])
    this.buffer.push('updates')
  }

  listLasts(): void {
    this.listFrom = this.world.model.changes
  }

  flush(done: () => void): void {
    for (const what of this.buffer.splice(0)) this.world.note(this.index, what)
    if (this.reads) done()
    else this.onRead = done
  }

  close(): void {
    this.world.note(this.index, 'closed')
  }

  read(): void {
    this.reads = true
    this.onRead?.()
  }
}

const HELD_MS = 5
/** 1,000 mailboxes at 5 µs. */
const listMs = HELD_MS

describe('the mailboxes lock', () => {
  it('makes lists wait for each other, and a RESERVE for all of them', () => {
    const world = new World()
    for (let i = 0; i < 4; i++)
      world
        .client(i)
        .at(0, 'connect')
        .at(10 * MS, LIST)
    world
      .client(9)
      .at(0, 'connect')
      .at(10.2 * MS, RESERVE)
    world.timeline.runUntil(SECOND)
    const ends = [0, 1, 2, 3].map(i => world.when(i, 'list 0')! / MS - 10).sort((a, b) => a - b)
    for (const [i, end] of ends.entries()) expect(end).toBeCloseTo(listMs * (i + 1) + 1, -0.5)
    expect(world.when(9, 'set 0')! / MS - 10).toBeGreaterThan(4 * listMs)
  })

  it('is no matter of a NOOP on a plain connection', () => {
    const world = new World({ mailboxes: 100_000 })
    world
      .client(0)
      .at(0, 'connect')
      .at(10 * MS, LIST)
    world
      .client(1)
      .at(0, 'connect')
      .at(20 * MS, NOOP)
    world.timeline.runUntil(SECOND)
    expect(world.when(1, 'noop 0')! - 20 * MS).toBeLessThan(MS)
  })

  it('keeps a stream that has something pending from its NOOP, until the list of another is done', () => {
    const world = new World({ mailboxes: 100_000 })
    world.stream(0).at(900 * MS, NOOP)
    world
      .client(1)
      .at(0, 'connect')
      .at(800 * MS, LIST)
    world
      .client(2)
      .at(0, 'connect')
      .at(700 * MS, RESERVE)
    world.timeline.runUntil(2 * SECOND)
    expect(world.when(0, 'noop 1')! / MS).toBeGreaterThan(1300)
    expect(world.when(0, 'noop 1')! / MS).toBeLessThan(1310)
  })

  it('does not keep one that has nothing pending', () => {
    const world = new World({ mailboxes: 100_000 })
    world.stream(0).at(900 * MS, NOOP)
    world
      .client(1)
      .at(0, 'connect')
      .at(800 * MS, LIST)
    world.timeline.runUntil(2 * SECOND)
    expect(world.when(0, 'noop 1')! - 900 * MS).toBeLessThan(MS)
  })

  it('is free while a client does not read its list, which keeps its worker', () => {
    const world = new World()
    const deaf = world.stream(0)
    world.timeline.at(6 * MS, 0, () => {
      deaf.reads = false
    })
    world
      .client(1)
      .at(0, 'connect')
      .at(50 * MS, RESERVE)
    world.timeline.runUntil(SECOND)
    expect(world.when(1, 'set 0')! - 50 * MS).toBeLessThan(MS)
    const { workers } = world.model
    expect(workers.count - workers.idle).toBe(1)
    deaf.read()
    world.timeline.runUntil(2 * SECOND)
    expect(workers.count - workers.idle).toBe(0)
  })
})

describe('workers', () => {
  it('are kept by streams once their timer has fired, and are no more than may be', () => {
    const world = new World({ settings: { mupdate_workers_max: '17' } })
    const streams = Array.from({ length: 17 }, (_, i) =>
      world
        .client(i)
        .at(i * SECOND, 'connect')
        .at(i * SECOND + 5 * MS, LIST),
    )
    const late = world.client(99).at(25 * SECOND, 'connect')
    world.timeline.runUntil(26 * SECOND)
    expect(world.model.workers.exhausted).toBe(true)
    expect(world.model.workers.count).toBe(17)
    expect(world.when(late.index, 'banner')).toBeUndefined()
    streams[0]!.at(26 * SECOND, 'gone')
    world.timeline.runUntil(27 * SECOND)
    expect(world.when(late.index, 'banner')).toBeGreaterThan(26 * SECOND)
  })

  it('become a few more than may be where many come at once, since a thread counts itself when it runs', () => {
    const peaks = Array.from({ length: 20 }, (_, seed) => {
      const world = new World({ seed, settings: { mupdate_workers_max: '17' } })
      let peak = 0
      for (let i = 0; i < 25; i++) {
        world
          .client(i)
          .at(SECOND, 'connect')
          .at(SECOND + 50 * MS, LIST)
      }
      for (let at = 0; at < 8 * SECOND; at += MS) {
        world.timeline.runUntil(at)
        peak = Math.max(peak, world.model.workers.count)
      }
      return peak
    })
    expect(Math.min(...peaks)).toBeGreaterThanOrEqual(17)
    expect(Math.max(...peaks)).toBeGreaterThan(17)
    expect(Math.max(...peaks)).toBeLessThanOrEqual(27)
  })

  it('are made in one turn no more than may be', () => {
    for (let seed = 0; seed < 20; seed++) {
      const world = new World({ seed, settings: { mupdate_workers_minspare: '5', mupdate_workers_max: '6' } })
      for (const i of [0, 1]) world.client(i).at(SECOND, 'connect')
      world.timeline.runUntil(2 * SECOND)
      // Two turns, and in each of them one may be made.
      expect(world.model.workers.count).toBeLessThanOrEqual(7)
    }
  })

  it('are free again for 5 s after the NOOP of a stream', () => {
    const world = new World()
    world.stream(0).at(6 * SECOND, NOOP)
    const { workers } = world.model
    world.timeline.runUntil(5.9 * SECOND)
    expect(workers.count - workers.idle).toBe(1)
    world.timeline.runUntil(9 * SECOND)
    expect(workers.count - workers.idle).toBe(0)
    world.timeline.runUntil(12 * SECOND)
    expect(workers.count - workers.idle).toBe(1)
  })
})

describe('the pipe of the listener', () => {
  const BAD_LOGIN: ModelCommand = { kind: 'login', ok: false }
  it('has a new connection wait for a turn of those that were idle before it, and no longer', () => {
    const world = new World({ settings: ONE_WORKER })
    const [first, second, x, y] = [1, 2, 3, 4].map(i => world.client(i).at(i * 10 * MS, 'connect'))
    // The only worker sleeps from 1 to 4 s, and from then to 7 s: what is idle by 4 s is noted before the last one comes.
    x!.at(1 * SECOND, BAD_LOGIN)
    first!.at(2 * SECOND, NOOP)
    second!.at(2 * SECOND, NOOP)
    y!.at(2 * SECOND, BAD_LOGIN)
    const fresh = world.client(5).at(3 * SECOND, 'connect')
    const late = world.client(6).at(5 * SECOND, 'connect')
    world.timeline.runUntil(8 * SECOND)
    const answers = world.log.filter(({ what }) => what === 'banner' || /^(noop|login)/.test(what))
    expect(answers.slice(4).map(({ client, what }) => `${client} ${what}`)).toEqual([
      '3 login 0',
      `${fresh.index} banner`,
      '4 login 0',
      '2 noop 0',
      `${late.index} banner`,
      '1 noop 0',
    ])
  })

  it('keeps no notes that nobody needs', () => {
    const world = new World({ settings: ONE_WORKER })
    for (let i = 0; i < 30; i++) world.client(i).at(i * 10 * MS, 'connect')
    const late = world.client(99).at(6 * SECOND, 'connect')
    world.timeline.runUntil(7 * SECOND)
    // Its own turn and banner take 0.34 ms; one more for each of the others would be 1 ms more.
    expect(world.when(late.index, 'banner')! - 6 * SECOND).toBeLessThan(0.5 * MS)
  })
})

describe('a master', () => {
  it('sends what is pending every 5 s', () => {
    const world = new World()
    const slave = world.stream(0)
    const writer = world.client(1).at(0, 'connect')
    for (let s = 1; s < 20; s++) writer.at(s * SECOND, RESERVE)
    world.timeline.runUntil(21 * SECOND)
    const times = world.log
      .filter(({ client, what }) => client === 0 && what === 'updates')
      .map(({ atNs }) => atNs / SECOND)
    expect(times).toHaveLength(4)
    for (let i = 1; i < times.length; i++) expect(times[i]! - times[i - 1]!).toBeCloseTo(5, 2)
    expect(slave.told.at(-1)![1]).toBe(19)
  })

  it('turns away who is too many, and dies of 1,010', () => {
    const few = new World({ settings: { mupdate_connections_max: '3' } })
    for (let i = 0; i < 5; i++) few.client(i).at(i * MS, 'connect')
    few.timeline.runUntil(SECOND)
    expect(few.log.filter(({ what }) => what === 'BYE').map(({ client }) => client)).toEqual([3, 4])
    const many = new World({ settings: { mupdate_connections_max: '2048', mupdate_workers_max: '1200' } })
    for (let i = 0; i < 1009; i++) many.client(i).at(i * MS, 'connect')
    many.timeline.runUntil(2 * SECOND)
    expect(many.deaths).toBe(0)
    // Some more at the same moment kill nobody twice.
    for (let i = 1009; i < 1020; i++) many.client(i).at(2.1 * SECOND, 'connect')
    many.timeline.runUntil(3 * SECOND)
    expect(many.deaths).toBe(1)
  })

  it('counts those that it has greeted: who waits for a worker is not turned away', () => {
    const world = new World({ settings: { ...ONE_WORKER, mupdate_connections_max: '3' } })
    world.client(0).at(0, 'connect')
    world.client(0).at(SECOND, { kind: 'login', ok: false })
    for (let i = 1; i < 6; i++) world.client(i).at(2 * SECOND, 'connect')
    world.timeline.runUntil(3 * SECOND)
    expect(world.log.filter(({ what }) => what === 'BYE')).toEqual([])
    world.client(6).at(10 * SECOND, 'connect')
    world.timeline.runUntil(11 * SECOND)
    expect(world.when(6, 'BYE')).toBeDefined()
  })

  it('gives up who has not said a word for 3 h, streaming or not, and nobody else', () => {
    const world = new World()
    const stream = world.stream(0)
    const silent = world.client(1).at(0, 'connect')
    const talks = world.client(2).at(0, 'connect')
    for (let hour = 1; hour < 6; hour++) talks.at(hour * 3600 * SECOND, RESERVE)
    world.timeline.runUntil(5.5 * 3600 * SECOND)
    for (const { index } of [stream, silent])
      expect(world.when(index, 'idle for too long')! / SECOND).toBeCloseTo(3 * 3600, -1)
    expect(world.when(talks.index, 'idle for too long')).toBeUndefined()
    expect(world.model).toMatchObject({ streams: 0, connectionCount: 1 })
    expect(world.model.workers.idle).toBe(world.model.workers.count)
  })

  it('tells nobody of what it has refused', () => {
    const world = new World()
    const slave = world.stream(0)
    const writer = world.client(1).at(0, 'connect')
    writer.isRefused = true
    writer.at(SECOND, RESERVE)
    world.timeline.runUntil(7 * SECOND)
    expect(slave.told).toEqual([])
    expect(world.model.changes).toBe(0)
  })

  it('lets a wrong password wait for 3 s', () => {
    const world = new World()
    world
      .client(0)
      .at(0, 'connect')
      .at(10 * MS, { kind: 'login', ok: false })
    world.timeline.runUntil(5 * SECOND)
    expect(world.when(0, 'login 0')! / SECOND).toBeCloseTo(3.01, 2)
  })
})

const command = fc.oneof(
  { weight: 3, arbitrary: fc.constant<ModelCommand>(RESERVE) },
  { weight: 2, arbitrary: fc.constant<ModelCommand>(NOOP) },
  fc.constant<ModelCommand>({ kind: 'find' }),
  fc.constant<ModelCommand>({ kind: 'refused' }),
)
/** Times are coarse, so that many are the same. */
const moment = fc.integer({ min: 1, max: 40 }).map(x => x * 50 * MS)
interface Script {
  readonly streams: boolean
  readonly listsAt: number
  readonly says: readonly [number, ModelCommand][]
  readonly leaves: boolean
}
const script: fc.Arbitrary<Script> = fc.record({
  streams: fc.boolean(),
  listsAt: fc.integer({ min: 0, max: 10 }).map(x => x * 50 * MS + 5 * MS),
  says: fc.array(fc.tuple(moment, command), { maxLength: 12 }),
  leaves: fc.boolean(),
})
const scripts = fc.array(script, { minLength: 1, maxLength: 12 })
const END = 30 * SECOND

function play(
  all: readonly Script[],
  timeline = new VirtualTimeline(),
  spread = 0.2,
): { world: World; clients: TestClient[] } {
  const world = new World({ spread, mailboxes: 5_000, timeline })
  const clients = all.map((_, i) => world.client(i))
  for (const [i, { streams, listsAt, says, leaves }] of all.entries()) {
    const client = clients[i]!.at(0, 'connect')
    if (streams) client.at(listsAt, LIST)
    // A stream has no other commands than NOOP.
    for (const [atNs, what] of says) client.at(atNs + listsAt, streams ? NOOP : what)
    client.at(20 * SECOND, NOOP)
    if (leaves) client.at(21 * SECOND, 'gone')
  }
  world.timeline.runUntil(END)
  return { world, clients }
}

describe('whatever clients do', () => {
  it('the lock is held by one at a time', () => {
    fc.assert(
      fc.property(scripts, all => {
        const { world } = play(all)
        expect(world.mostHolders).toBeLessThanOrEqual(1)
      }),
      { numRuns: 40 },
    )
  })

  it('each command is answered once, after it, in order', () => {
    fc.assert(
      fc.property(scripts, all => {
        const { world, clients } = play(all)
        for (const { index } of clients) {
          const own = world.log.filter(({ client }) => client === index).map(({ what }) => what)
          const sent = own
            .filter(what => what.startsWith('sends ') && !what.includes('gone'))
            .map(what => what.slice(6))
          expect(own.filter(what => sent.includes(what))).toEqual(sent)
          for (const name of sent) expect(own.indexOf(`sends ${name}`)).toBeLessThan(own.indexOf(name))
        }
      }),
      { numRuns: 40 },
    )
  })

  it('no update is lost, and none comes twice', () => {
    fc.assert(
      fc.property(scripts, all => {
        const { world, clients } = play(all)
        for (const [i, { streams }] of all.entries()) {
          if (!streams) continue
          const { told, listFrom } = clients[i]!
          let at = listFrom
          for (const [from, to] of told) {
            expect(from).toBe(at)
            at = to
          }
          expect(at).toBe(world.model.changes)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('workers are conserved: all idle when all have left', () => {
    fc.assert(
      fc.property(scripts, all => {
        const { world } = play(all.map(one => ({ ...one, leaves: true })))
        const { workers, connectionCount, streams, lock } = world.model
        expect(connectionCount).toBe(0)
        expect(streams).toBe(0)
        expect(lock.isHeld).toBe(false)
        expect(workers.idle).toBe(workers.count)
      }),
      { numRuns: 40 },
    )
  })

  it('the order of what happens at the same ns does not matter', () => {
    fc.assert(
      fc.property(scripts, fc.integer(), (all, seed) => {
        const shuffled = new ShuffledTimeline(entityRandom(seed, 'order', 0))
        // Without spread more happens at the same ns.
        expect(play(all, shuffled, 0).world.log).toEqual(play(all, new VirtualTimeline(), 0).world.log)
      }),
      { numRuns: 40 },
    )
  })
})
