import { describe, expect, it } from 'vitest'
import { entityRandom } from '../../src/core/random.js'
import { mailboxes } from '../../src/generators/mailboxes.js'
import { OperationStream } from '../../src/generators/operations.js'
import type { Faults } from '../../src/masters/embedded/settings.js'
import { Catalogue } from '../../src/slaves/catalogue.js'
import { Follower } from '../../src/slaves/follower.js'
import type { Difference } from '../../src/slaves/holding.js'
import { HeldUpdates } from '../../src/slaves/held-updates.js'
import { LedgerCopy } from '../../src/slaves/ledger-copy.js'
import { Ledger, type LedgerNews } from '../../src/slaves/ledger.js'
import { PropagationMerge, type PropagationPart, PropagationShare } from '../../src/slaves/propagation-parts.js'
import { encodeCommand } from '../../src/wire/encode.js'
import { DEFAULT_LIMITS } from '../../src/wire/limits.js'
import { RecordScanner } from '../../src/wire/record-scanner.js'
import { makeMix, makeSite } from '../generators/sites.js'
import { type FakeClient, World } from '../masters/embedded/world.js'

const SEED = 3

/** A slave that follows; restarted, it holds what it held until its new list is whole. */
class Mirror {
  readonly follower: Follower
  private client: FakeClient | undefined
  private readonly scanner: RecordScanner

  constructor(
    private readonly world: World,
    catalogue: Catalogue,
    ledger: Ledger,
  ) {
    this.follower = new Follower(catalogue, ledger, 0)
    const sink = { onRecord: (record: Parameters<Follower['take']>[0]) => this.follower.take(record, world.nowS * 1e9) }
    this.scanner = new RecordScanner('U01', DEFAULT_LIMITS, sink)
    this.restart()
  }

  restart(): void {
    this.client?.connection.close()
    this.follower.dropList()
    this.client = this.world.login()
    this.follower.beginList()
    this.read(this.client.ask('U01 UPDATE\r\n'))
    this.follower.endList(this.world.nowS * 1e9)
  }

  noop(): void {
    this.read(this.client!.ask('N1 NOOP\r\n'))
  }

  private read(text: string): void {
    const bytes = Buffer.from(text, 'latin1')
    const end = this.scanner.scan(bytes, 0, bytes.length)
    expect(bytes.toString('latin1', end)).toMatch(/^(U01|N1) OK "[^\n]*\n$/)
  }
}

interface Outcome {
  readonly differences: readonly Difference[]
  readonly missing: number
  readonly mutations: number
  readonly reached: Record<'first' | 'median' | 'last' | 'all', number>
  readonly lagsS: readonly number[]
}

interface Playing {
  readonly operations: number
  readonly restartEvery?: number
  readonly faults?: Faults
  readonly slaves?: number
  /** Threads that have slaves; all but the first hear late of what is sent. */
  readonly threads?: number
  /** The first of them, each of which sends what its own backends do. */
  readonly senders?: number
}

/** A site, some slaves, and operations, while slaves come back now and then. */
function play(options: Playing): Outcome {
  const site = makeSite({ mailboxes: 500, names: 'plain' })
  const world = new World(options.faults === undefined ? {} : { faults: options.faults })
  const writer = world.login()
  for (const record of mailboxes(site, SEED)) writer.ask(encodeCommand('A', { kind: 'ACTIVATE', ...record }))
  const reached = { first: 0, median: 0, last: 0, all: 0 }
  const lagsS: number[] = []
  const observer = {
    reached(which: keyof typeof reached, okNs: number, atNs: number) {
      reached[which]++
      if (which === 'all') lagsS.push((atNs - okNs) / 1e9)
    },
  }
  const { threads = 1, senders = 1 } = options
  const sending = Array.from({ length: senders }, () => ({
    news: [] as LedgerNews[],
    merge: new PropagationMerge(threads, observer),
    untilNs: -Infinity,
  }))
  const peers = Array.from({ length: threads }, (_, thread) => {
    const share = new PropagationShare((part, sender) => sending[sender]!.merge.add(part))
    const others = [...sending.keys()].filter(sender => sender !== thread)
    const held = others.length > 0 ? new HeldUpdates() : undefined
    const onNews = (item: LedgerNews) => void sending[thread]!.news.push(item)
    const sharing = {
      thread,
      nowNs: () => world.nowS * 1e9,
      share,
      ...(held && { held }),
      ...(thread < senders && { onNews }),
    }
    const ledger = new Ledger(new Catalogue(), observer, threads === 1 ? undefined : sharing)
    return { ledger, held, others, copies: new Map(others.map(sender => [sender, new LedgerCopy(ledger, sender)])) }
  })
  const hear = (sender: number) => {
    const said = sending[sender]!
    said.untilNs = world.nowS * 1e9
    for (const { held, others, copies } of peers) {
      for (const item of said.news) copies.get(sender)?.apply(item)
      held?.release(Math.min(...others.map(other => sending[other]!.untilNs)))
    }
    said.news.length = 0
  }
  const ledgers = peers.map(({ ledger }) => ledger)
  const mirrors = Array.from({ length: options.slaves ?? 3 }, (_, i) => {
    const own = ledgers[i % threads]!
    return { mirror: new Mirror(world, own.catalogue, own), own }
  })
  const stream = new OperationStream(site, makeMix(), SEED)
  const random = entityRandom(SEED, 'test', 0)
  let mutations = 0
  for (let i = 0; i < options.operations; i++) {
    world.nowS += 1e-6
    const { commands, backend } = stream.next()
    const ledger = ledgers[backend % senders]!
    for (const command of commands) {
      const mutation = ledger.sending(command)
      expect(writer.ask(encodeCommand('A', command))).toMatch(/^A OK|\r\nA OK/)
      if (mutation === undefined) continue
      mutations++
      ledger.succeeded(mutation, world.nowS * 1e9)
    }
    if (random() < 0.05) mirrors[Math.floor(random() * mirrors.length)]!.mirror.noop()
    if (threads > 1 && random() < 0.1) hear(Math.floor(random() * senders))
    if (random() < 0.02) world.nowS++
    if (options.restartEvery !== undefined && i % options.restartEvery === options.restartEvery - 1)
      mirrors[Math.floor(random() * mirrors.length)]!.mirror.restart()
  }
  for (const { mirror } of mirrors) mirror.noop()
  for (const sender of sending.keys()) hear(sender)
  for (const own of ledgers) own.expectSite(mailboxes(site, SEED))
  const differences = mirrors.flatMap(({ mirror: { follower }, own }) => [
    ...own.compare(follower.holding, 100, Infinity).first,
    ...own.repeated(follower, 100).first,
  ])
  const missing = ledgers.reduce((sum, own) => sum + own.missing, 0)
  return { differences, missing, mutations, reached, lagsS }
}

describe('slaves that are followed', () => {
  it('hold what they should after 20,000 mixed mutations, restarts among them, and got each once', () => {
    const { differences, missing, mutations, reached } = play({ operations: 12_000, restartEvery: 50 })
    expect(mutations).toBeGreaterThan(20_000)
    expect(differences).toEqual([])
    expect(missing).toBe(0)
    expect(reached).toEqual({ first: mutations, median: mutations, last: mutations, all: mutations * 3 })
  })

  it.each([
    { threads: 2, slaves: 5, senders: 1 },
    { threads: 3, slaves: 3, senders: 1 },
    { threads: 2, slaves: 5, senders: 2 },
    { threads: 4, slaves: 7, senders: 3 },
  ])('hold, and got, the same in $threads threads, which hear late of what $senders of them send', playing => {
    const { slaves } = playing
    const { differences, missing, mutations, reached } = play({ operations: 12_000, restartEvery: 50, ...playing })
    expect(differences).toEqual([])
    expect(missing).toBe(0)
    expect(reached).toEqual({ first: mutations, median: mutations, last: mutations, all: mutations * slaves })
  })

  it('measure from the writer’s OK, whoever was told first', () => {
    const { lagsS } = play({ operations: 500, slaves: 1 })
    expect(Math.min(...lagsS)).toBe(0)
    expect(Math.max(...lagsS)).toBeGreaterThan(0)
  })

  it.each<{ name: string; faults: Faults; kind: Difference['kind'] | undefined; named: RegExp }>([
    { name: 'drops one update of many', faults: { dropEvery: 101 }, kind: undefined, named: /user\./ },
    { name: 'says one twice', faults: { repeatName: 'u0000007' }, kind: 'repeated', named: /u0000007/ },
    { name: 'sends an old ACL', faults: { staleAclName: 'u0000011' }, kind: 'stale', named: /u0000011/ },
    { name: 'misses a DELETE', faults: { missDeleteName: 'u0000005' }, kind: 'extra', named: /u0000005/ },
    { name: 'mixes two mailboxes up', faults: { swapName: 'u0000013' }, kind: 'stale', named: /u0000013/ },
  ])('notice a master that $name, and name the mailbox', ({ faults, kind, named }) => {
    const { differences } = play({ operations: 3000, faults })
    const found = differences.filter(difference => kind === undefined || difference.kind === kind)
    expect(found.length).toBeGreaterThan(0)
    expect(found.every(({ name }) => named.test(name))).toBe(true)
    if (faults.dropEvery === undefined) expect(differences.every(({ name }) => named.test(name))).toBe(true)
  })
})

describe('a ledger', () => {
  const ledgerOf = () => {
    const reached: string[] = []
    const catalogue = new Catalogue()
    const ledger = new Ledger(catalogue, {
      reached: (which, okNs, atNs) => void reached.push(`${which} ${atNs - okNs}`),
    })
    return { catalogue, ledger, reached }
  }
  const activate = (acl: string) => ({ kind: 'ACTIVATE', name: 'user.a', location: 'be!p', acl }) as const
  const record = (acl: string) => {
    const bytes = Buffer.from(`user.abe!p${acl}`)
    return {
      bytes,
      start: 0,
      byteCount: bytes.length,
      kind: 0 as const,
      nameStart: 0,
      nameEnd: 6,
      locationStart: 6,
      locationEnd: 10,
      aclStart: 10,
      aclEnd: bytes.length,
    }
  }

  it('counts what a slave had before the writer’s OK as no wait', () => {
    const { catalogue, ledger, reached } = ledgerOf()
    const follower = new Follower(catalogue, ledger, 0)
    const mutation = ledger.sending(activate('x'))!
    follower.take(record('x'), 5)
    ledger.succeeded(mutation, 9)
    expect(reached).toEqual(['all 0', 'first 0', 'median 0', 'last 0'])
    expect(ledger.missing).toBe(0)
  })

  it('takes a later state for an earlier one: an update carries the state, not its history', () => {
    const { catalogue, ledger, reached } = ledgerOf()
    const follower = new Follower(catalogue, ledger, 0)
    ledger.succeeded(ledger.sending(activate('x'))!, 1)
    ledger.succeeded(ledger.sending(activate('y'))!, 2)
    follower.take(record('y'), 10)
    expect(reached.filter(text => text.startsWith('all'))).toEqual(['all 9', 'all 8'])
    expect(ledger.missing).toBe(0)
  })

  it('owes a slave that came later nothing, and one that left no more', () => {
    const { catalogue, ledger } = ledgerOf()
    const first = new Follower(catalogue, ledger, 0)
    ledger.succeeded(ledger.sending(activate('x'))!, 1)
    new Follower(catalogue, ledger, 0)
    expect(ledger.missing).toBe(1)
    ledger.unfollow(first)
    expect(ledger.missing).toBe(0)
  })

  it('owes a slave that came while a change was under way nothing of it', () => {
    const { catalogue, ledger } = ledgerOf()
    const first = new Follower(catalogue, ledger, 0)
    const mutation = ledger.sending(activate('x'))!
    new Follower(catalogue, ledger, 1)
    ledger.succeeded(mutation, 1)
    first.take(record('x'), 2)
    expect(ledger.missing).toBe(0)
  })

  it.each([
    { sentNs: 5, missing: 0, owes: 'nothing of what another thread had sent before it came' },
    { sentNs: 15, missing: 1, owes: 'what another thread sent later' },
  ])('owes a slave $owes, whenever that is heard', ({ sentNs, missing }) => {
    const catalogue = new Catalogue()
    const sharing = { thread: 1, nowNs: () => 10, share: new PropagationShare(() => {}) }
    const ledger = new Ledger(catalogue, { reached: () => {} }, sharing)
    new Follower(catalogue, ledger, 0)
    const copy = new LedgerCopy(ledger, 0)
    copy.apply({ kind: 'sent', order: 1, atNs: sentNs, command: activate('x'), isMutation: true })
    copy.apply({ kind: 'succeeded', order: 1, okNs: 20 })
    expect(ledger.missing).toBe(missing)
  })

  it('tells other threads of each change once, though slaves that had it before its OK have left', () => {
    const parts: PropagationPart[] = []
    const catalogue = new Catalogue()
    const share = new PropagationShare(part => void parts.push(part))
    const ledger = new Ledger(catalogue, { reached: () => {} }, { thread: 0, nowNs: () => 0, share })
    const followers = [0, 1].map(slave => new Follower(catalogue, ledger, slave))
    const mutation = ledger.sending(activate('x'))!
    for (const follower of followers) follower.take(record('x'), 1)
    for (const follower of followers) ledger.unfollow(follower)
    ledger.succeeded(mutation, 2)
    expect(parts).toHaveLength(1)
  })

  it('leaves out a mailbox whose last mutation was never answered', () => {
    const { catalogue, ledger } = ledgerOf()
    const follower = new Follower(catalogue, ledger, 0)
    ledger.failed(ledger.sending(activate('x'))!)
    ledger.expectSite([])
    follower.take(record('x'), 1)
    expect(ledger.compare(follower.holding, 9, Infinity)).toEqual({ count: 0, first: [] })
    expect(ledger.open(Infinity)).toBe(1)
  })

  it('leaves out a mailbox whose mutation is not answered yet', () => {
    const { catalogue, ledger } = ledgerOf()
    const follower = new Follower(catalogue, ledger, 0)
    const mutation = ledger.sending(activate('x'))!
    ledger.expectSite([])
    follower.take(record('x'), 1)
    expect(ledger.compare(follower.holding, 9, Infinity).count).toBe(0)
    expect(ledger.open(Infinity)).toBe(1)
    ledger.succeeded(mutation, 2)
    expect(ledger.open(1)).toBe(1)
    expect(ledger.open(2)).toBe(0)
    expect(ledger.compare(follower.holding, 9, Infinity).count).toBe(0)
  })

  it('without knowledge of what there was looks at mailboxes of its own alone', () => {
    const { catalogue, ledger } = ledgerOf()
    const follower = new Follower(catalogue, ledger, 0)
    follower.take({ ...record('theirs'), nameEnd: 5 }, 1)
    expect(ledger.compare(follower.holding, 9, Infinity).count).toBe(0)
    ledger.succeeded(ledger.sending(activate('x'))!, 1)
    expect(ledger.compare(follower.holding, 9, Infinity).first).toEqual([{ kind: 'missing', name: 'user.a' }])
    follower.take(record('other'), 2)
    expect(ledger.compare(follower.holding, 9, Infinity).first).toEqual([{ kind: 'stale', name: 'user.a' }])
  })
})
