import { describe, expect, it } from 'vitest'
import { databaseKey } from '../../src/core/database-key.js'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import { deletedOwnerOf, ownerOf } from '../../src/core/mailbox-owner.js'
import type { Operation } from '../../src/core/operation.js'
import { ListedUsers } from '../../src/generators/listed-users.js'
import { mailboxes } from '../../src/generators/mailboxes.js'
import { OperationStream } from '../../src/generators/operations.js'
import type { Copying, Selection, SiteSpec, StepSpec } from '../../src/generators/spec.js'
import { stepOperations } from '../../src/generators/steps.js'
import { byName, Listings, ListModel } from './list-model.js'
import type { Playing } from '../../src/generators/lanes.js'
import { makeListedSite, makeMix, makeSite } from './sites.js'

const BE1 = 'be1.example.com'
const BE2 = 'be2.example.com'

const SLOT_NS = 50e6
const ANSWER_NS = 80e6
const ORG = 'old.example.org'
const NET = 'new.example.net'

const ALWAYS: Playing = { isSettled: () => true, listed: () => 'unknown', nextStale: () => undefined }

/** A prime, so that it comes to all places of what repeats. */
const AGREE_EVERY = 41

/** A step to its end, with as many operations of a mix after each of its own; a master answers each after some time. */
function perform(step: StepSpec, site: SiteSpec = makeSite({ mailboxes: 3000 }), beside = 0) {
  const master = new ListModel(mailboxes(site, 5))
  const stream = new OperationStream(site, makeMix({ delete: 3 }), 5)
  const before = new Map(master.list)
  const sent: Operation[] = []
  const sentNs = new Map<Operation, number>()
  const listings = new Listings(master)
  const playing = {
    nowNs: 0,
    listed: listings.listed.bind(listings),
    nextStale: listings.nextStale.bind(listings),
    isSettled(operations: readonly Operation[], thenNs: number) {
      return operations.every(operation => sentNs.get(operation)! + ANSWER_NS + thenNs <= playing.nowNs)
    },
  }
  const run = (spec: StepSpec, isWhole = true) => {
    for (const operation of stepOperations(stream, spec, playing)) {
      if (operation !== undefined) {
        master.apply(operation)
        listings.heard(operation)
        sent.push(operation)
        sentNs.set(operation, playing.nowNs)
        // Whenever it is broken off, the model is what the master has.
        if (isWhole && sent.length % AGREE_EVERY === 0) agree()
      }
      for (let i = 0; i < beside; i++) master.apply(stream.next())
      playing.nowNs += SLOT_NS
    }
  }
  const agree = () => {
    expect(byName(stream.model.catalogue())).toEqual(byName(master.list.values()))
    expect(stream.model.size).toBe(master.list.size)
  }
  run(step)
  agree()
  return { master, before, sent, sentNs, playing, site, run, agree }
}

const on = (server: string, { master }: Pick<ReturnType<typeof perform>, 'master'>) =>
  [...master.list.values()].filter(({ location }) => location.startsWith(`${server}!`))

const all: StepSpec[] = [
  { kind: 'create', users: 40 },
  { kind: 'create', users: 40, on: BE2 },
  { kind: 'move', to: BE2, selection: {}, abort: 0.3 },
  { kind: 'delete', selection: { from: BE1 } },
  { kind: 'setAcl', selection: {}, identifier: 'helpdesk', rights: 'lrs' },
  { kind: 'create', users: 2, named: ['a.smith', 'zoe@old.example.org'] },
  { kind: 'move', to: BE2, selection: { users: 100 }, abort: 0.3, copying: { copyNs: 2e9, parallel: 5 } },
  { kind: 'replace', from: BE1, to: BE2 },
  { kind: 'replace', from: BE2, to: BE1, copying: { copyNs: 300e6, parallel: 20 } },
  { kind: 'renameDomain', from: ORG, to: NET },
]
const domains = [ORG, 'other.example.org']
const sites = { made: makeSite({ mailboxes: 2000, domains }), listed: makeListedSite({ domains }) }

describe('any step', () => {
  it.each(all.flatMap(step => Object.entries(sites).map(([title, site]) => ({ ...step, title, step, site }))))(
    '$kind on a $title site, whatever arrives beside it, sends nothing that a master could not bear',
    ({ step, site }) => {
      const { sent, agree, run } = perform(step, site, 3)
      expect(sent.length).toBeGreaterThan(4)
      run({ kind: 'push', servers: [BE1] })
      agree()
      run({ kind: 'undo' })
      agree()
    },
  )
})

describe('a user of whom only some mailboxes are there', () => {
  it.each<StepSpec>([
    { kind: 'move', to: BE2, selection: {}, abort: 0 },
    { kind: 'renameDomain', from: ORG, to: NET },
  ])('gets no more of them while $kind is about him, nor afterwards', step => {
    // Whoever is last has many, most of which would be created next.
    const site = makeSite({ mailboxes: 130, domains: [ORG], foldersPerUser: { mean: 50, max: 60 } })
    const createAlone = makeMix({ setacl: 0, rename: 0, delete: 0, find: 0 })
    const stream = new OperationStream(site, createAlone, 5)
    const ownersOf = (list: readonly Operation[]) =>
      new Set(list.map(({ mailboxes: [name] }) => ownerOf(name!).replace(NET, ORG)))
    const [own, created]: Operation[][] = [[], []]
    const last = ownerOf([...mailboxes(site, 5)].at(-1)!.name)
    for (const operation of stepOperations(stream, step, ALWAYS)) {
      own.push(operation!)
      if (ownersOf(own).has(last)) created.push(stream.next())
    }
    for (let i = 0; i < 100; i++) created.push(stream.next())
    expect(ownersOf(own)).toContain(last)
    expect(ownersOf(created)).not.toContain(last)
  })
})

describe('undo', () => {
  it.each(all.flatMap(step => Object.entries(sites).map(([title, site]) => ({ ...step, title, step, site }))))(
    'puts back what $kind has done on a $title site',
    ({ step, site }) => {
      const { master, before, run, agree } = perform(step, site)
      expect(byName(master.list.values())).not.toEqual(byName(before.values()))
      run({ kind: 'undo' })
      // Of a name that has no room for `DELETED.` nothing is left.
      const kept = [...before.values()].filter(({ name }) => step.kind !== 'delete' || name.length < 474)
      expect(
        byName([...master.list.values()].filter(({ name }) => name.length < 474 || step.kind !== 'delete')),
      ).toEqual(byName(kept))
      agree()
    },
  )

  it('puts back several, the last first, and nothing twice', () => {
    const { master, before, run, sent } = perform({ kind: 'move', to: BE2, selection: { users: 50 }, abort: 0.3 })
    run({ kind: 'push', servers: [BE1] })
    run({ kind: 'setAcl', selection: { users: 30 }, identifier: 'a', rights: 'l' })
    run({ kind: 'delete', selection: { users: 20 } })
    run({ kind: 'undo' })
    expect(byName(master.list.values())).toEqual(byName(before.values()))
    const all = sent.length
    run({ kind: 'undo' })
    expect(sent).toHaveLength(all)
  })
})

describe('move', () => {
  it('sends what XFER sends, user by user: all that leaves, then all that arrives', () => {
    const { sent, before } = perform({ kind: 'move', to: BE2, selection: { from: BE1, users: 1 }, abort: 0 })
    const leaving = sent.slice(0, sent.length / 2)
    expect(leaving.map(({ kind, backend }) => [kind, backend])).toEqual(leaving.map(() => ['moveOut', 0]))
    expect(sent.slice(leaving.length).map(({ kind, backend }) => [kind, backend])).toEqual(
      leaving.map(() => ['moveIn', 1]),
    )
    for (const [i, out] of leaving.entries()) {
      const { name, location, acl } = before.get(out.mailboxes[0]!)!
      expect(out.commands).toEqual([{ kind: 'DEACTIVATE', name, location }])
      expect(sent[leaving.length + i]!.commands).toEqual([{ kind: 'ACTIVATE', name, location: `${BE2}!default`, acl }])
    }
  })

  it('is of those that were asked for, and of no more', () => {
    const site = makeSite({ mailboxes: 3000 })
    const moved = (selection: Selection) =>
      perform({ kind: 'move', to: BE2, selection, abort: 0 }, site).sent.filter(({ kind }) => kind === 'moveIn')
    const records = [...mailboxes(site, 5)]
    const count = (wanted: (location: string) => boolean) => records.filter(({ location }) => wanted(location)).length
    expect(moved({})).toHaveLength(count(location => location.startsWith(BE1)))
    expect(moved({ partition: 'slow' })).toHaveLength(count(location => location === `${BE1}!slow`))
    expect(moved({ from: BE2 })).toHaveLength(0)
    expect(moved({ mailboxes: 17, from: BE1 })).toHaveLength(17)
    const users = new Set(moved({ users: 9, from: BE1 }).map(({ mailboxes: [name] }) => name!.split('.')[1]))
    expect(users.size).toBe(9)
    const ofA = moved({ prefix: 'a' })
    expect(ofA.length).toBeGreaterThan(10)
    for (const {
      mailboxes: [name],
    } of ofA)
      expect(name).toMatch(/^user\.a/)
  })

  it('takes those with the most mailboxes first, or those with the fewest, where that is asked for', () => {
    const site = makeSite({ mailboxes: 3000 })
    const weights = (order: Selection['order']) => {
      const { sent } = perform({ kind: 'move', to: BE2, selection: { from: BE1, users: 40, order }, abort: 0 }, site)
      const owners = sent.filter(({ kind }) => kind === 'moveIn').map(({ mailboxes: [name] }) => ownerOf(name!))
      return [...new Set(owners)].map(owner => owners.filter(other => other === owner).length)
    }
    const [heaviest, lightest, byName] = [weights('heaviest'), weights('lightest'), weights(undefined)]
    expect(heaviest).toEqual(heaviest.toSorted((a, b) => b - a))
    expect(lightest).toEqual(lightest.toSorted((a, b) => a - b))
    expect([heaviest, lightest, byName].map(({ length }) => length)).toEqual([40, 40, 40])
    expect(heaviest[0]).toBeGreaterThan(Math.max(...lightest))
    expect(byName).not.toEqual(heaviest)
  })

  it('that is broken off leaves reserved what was not taken over, until the backend pushes its list', () => {
    const result = perform({ kind: 'move', to: BE2, selection: { from: BE1, users: 60 }, abort: 0.5 })
    const reserved = [...result.master.list.values()].filter(({ state }) => state === 'reserved')
    expect(reserved.length).toBeGreaterThan(10)
    for (const { name, location } of reserved) expect(location).toBe(result.before.get(name)!.location)
    const moves = result.sent.length
    result.run({ kind: 'push', servers: [BE1] })
    expect(result.sent[moves]).toMatchObject({
      kind: 'push',
      backend: 0,
      commands: [{ kind: 'LIST', locationPrefix: `${BE1}!` }],
    })
    expect(result.sent).toHaveLength(moves + 1 + reserved.length)
    for (const { name } of reserved) expect(result.master.list.get(name)).toEqual(result.before.get(name))
    result.agree()
  })
})

describe('push', () => {
  const servers = [BE1, BE2]
  const commandsOf = (operations: readonly Operation[]) => operations.flatMap(({ commands }) => commands)

  it('of a master that has it all asks for the lists, and says nothing', () => {
    const { sent } = perform({ kind: 'push', servers: [...servers, BE1] })
    expect(commandsOf(sent)).toEqual(servers.map(server => ({ kind: 'LIST', locationPrefix: `${server}!` })))
  })

  it.each(Object.entries(sites))('of a %s site fills a master that has lost its database', (_, site) => {
    const result = perform({ kind: 'create', users: 3 }, site)
    const before = new Map(result.master.list)
    result.run({ kind: 'move', to: BE2, selection: { users: 30 }, abort: 0.5 })
    const moved = new Map(result.master.list)
    result.master.list.clear()
    const first = result.sent.length
    result.run({ kind: 'push', servers, parallel: 2 }, false)
    result.agree()
    const active = [...moved.values()].filter(({ name }) => before.get(name)!.state === 'active')
    expect(byName(result.master.list.values())).toEqual(
      byName(active.map(({ name, location }) => ({ ...before.get(name)!, location }))),
    )
    const pushed = result.sent.slice(first).filter(({ mailboxes }) => mailboxes.length > 0)
    expect(pushed).toHaveLength(active.length)
    for (const { commands } of pushed) expect(commands.map(({ kind }) => kind)).toEqual(['FIND', 'ACTIVATE'])
  })

  it('deletes what is not its own, and puts right what is, in the order of its database, and no more', () => {
    const result = perform({ kind: 'push', servers })
    const { master } = result
    const own = on(BE1, result).sort((a, b) => (databaseKey(a.name) < databaseKey(b.name) ? -1 : 1))
    const [lost, moved, changed, reserved, elsewhere] = [own[500]!, own[3]!, own[77]!, own[78]!, own[600]!]
    const stale = { name: 'user.stale', location: `${BE1}!default`, acl: '', state: 'active' as const }
    master.list.delete(lost.name)
    master.list.set(moved.name, { ...moved, location: `${BE1}!nowhere` })
    master.list.set(changed.name, { ...changed, acl: 'x	l	' })
    master.list.set(reserved.name, { ...reserved, acl: '', state: 'reserved' })
    master.list.set(stale.name, stale)
    const first = result.sent.length
    result.run({ kind: 'push', servers: [BE1] }, false)
    result.agree()
    const activate = ({ name, location, acl }: MailboxRecord) => ({ kind: 'ACTIVATE', name, location, acl })
    expect(commandsOf(result.sent.slice(first))).toEqual([
      { kind: 'LIST', locationPrefix: `${BE1}!` },
      { kind: 'DELETE', name: stale.name },
      ...[moved, changed, reserved].map(activate),
      { kind: 'FIND', name: lost.name },
      activate(lost),
    ])
    // Of what the master has elsewhere it asks where that is.
    master.list.set(elsewhere.name, { ...elsewhere, location: `${BE2}!default` })
    const then = result.sent.length
    result.run({ kind: 'push', servers: [BE1] }, false)
    expect(result.sent.slice(then).at(-1)!.commands[0]).toEqual({ kind: 'FIND', name: elsewhere.name })
    expect(master.list.get(elsewhere.name)!.location).toBe(`${BE2}!default`)
  })

  it('sends nothing more where its LIST was not answered', () => {
    const stream = new OperationStream(makeSite(), makeMix(), 5)
    const sent = [...stepOperations(stream, { kind: 'push', servers }, ALWAYS)].filter(one => one !== undefined)
    expect(commandsOf(sent).map(({ kind }) => kind)).toEqual(['LIST', 'LIST'])
  })
})

/** By user, as sent. */
function byUser(operations: readonly Operation[]): Map<string, Operation[]> {
  const users = new Map<string, Operation[]>()
  for (const operation of operations) {
    const [name] = operation.mailboxes
    const user = ownerOf(name!) || deletedOwnerOf(name!) || name!
    users.set(user, [...(users.get(user) ?? []), operation])
  }
  return users
}

describe('copying', () => {
  const copying: Copying = { copyNs: 2e9, parallel: 4 }
  const step: StepSpec = { kind: 'move', to: BE2, selection: { from: BE1, users: 40 }, abort: 0, copying }

  /** When each user's move begins and ends, and what lies between the answer to the last that leaves and the first that arrives. */
  function spans({ sent, sentNs }: ReturnType<typeof perform>) {
    return [...byUser(sent).values()].map(own => {
      const out = own.filter(({ kind }) => kind === 'moveOut').map(operation => sentNs.get(operation)!)
      const into = own.filter(({ kind }) => kind === 'moveIn').map(operation => sentNs.get(operation)!)
      return {
        beginNs: out[0]!,
        endNs: into.at(-1)! + ANSWER_NS,
        copyNs: into[0]! - (out.at(-1)! + ANSWER_NS),
        operations: own.length,
      }
    })
  }

  it('goes by between the answer to the last that leaves and the first that arrives, and no longer', () => {
    const all = spans(perform(step))
    expect(all).toHaveLength(40)
    for (const { copyNs } of all) {
      expect(copyNs).toBeGreaterThanOrEqual(copying.copyNs)
      // Others may have the slots that follow.
      expect(copyNs).toBeLessThan(copying.copyNs + 3 * 4 * SLOT_NS)
    }
  })

  it.each([1, 4])('is of %i users at a time, each after the one before has ended', parallel => {
    const all = spans(perform({ ...step, copying: { ...copying, parallel } }))
    const most = Math.max(
      ...all.map(({ beginNs }) => all.filter(other => other.beginNs <= beginNs && other.endNs > beginNs).length),
    )
    expect(most).toBe(parallel)
  })

  it('sets the pace where it is slower than the rate, and the rate where that is', () => {
    const slow = perform({ ...step, copying: { copyNs: 60e9, parallel: 4 } })
    expect(slow.playing.nowNs).toBeGreaterThan((40 / 4) * 60e9)
    expect(slow.playing.nowNs).toBeLessThan((40 / 4) * 60e9 * 1.1)
    const quick = perform({ ...step, copying: { copyNs: 10e6, parallel: 40 } })
    expect(quick.playing.nowNs).toBeLessThan(quick.sent.length * SLOT_NS * 1.1)
  })

  it('takes as long on the way back, also of moves that were broken off', () => {
    const result = perform({ ...step, abort: 0.3 })
    const [forthNs, forth] = [result.playing.nowNs, result.sent.length]
    result.run({ kind: 'undo' })
    const backNs = result.playing.nowNs - forthNs
    expect(backNs).toBeGreaterThan(0.7 * forthNs)
    expect(backNs).toBeLessThan(1.2 * forthNs)
    const back = { sent: result.sent.slice(forth).filter(({ kind }) => kind !== 'push'), sentNs: result.sentNs }
    for (const { copyNs } of spans({ ...result, ...back })) expect(copyNs).toBeGreaterThanOrEqual(copying.copyNs)
    expect(byName(result.master.list.values())).toEqual(byName(result.before.values()))
  })
})

describe('replace', () => {
  it('moves all that XFER does: users with their deleted mailboxes, the INBOX last, and what is nobody’s', () => {
    const site = makeListedSite()
    const result = perform({ kind: 'replace', from: BE2, to: BE1 }, site)
    expect(on(BE2, result)).toEqual([])
    const joes = result.sent.filter(({ mailboxes: [name] }) => name!.startsWith('example.com!'))
    expect(joes.map(({ kind, mailboxes: [name] }) => [kind, name])).toEqual(
      ['moveOut', 'moveIn'].flatMap(kind =>
        ['DELETED.user.joe.65B7B6BF', 'user.joe.Sent', 'user.joe'].map(name => [kind, `example.com!${name}`]),
      ),
    )
    expect(result.master.list.get('shared.news')!.location).toMatch(/^be1/)
    // XFER moves what a backend has: of a mailbox that is only reserved there is nothing.
    result.run({ kind: 'replace', from: BE1, to: BE2 })
    expect(on(BE1, result).map(({ name }) => name)).toEqual(['user.zoe.new'])
  })
})

describe('renameDomain', () => {
  it('sends what the RENAME of a user sends, the INBOX first', () => {
    const acl = 'anyone\tp\tjoe@example.com\tlrswi\tjim@example.com\tl\t'
    const location = `${BE2}!default`
    const names = ['user.joe', 'user.joe.Sent', 'DELETED.user.joe.65B7B6BF', 'shared']
    const all = names.map(name => ({ name: `example.com!${name}`, location, acl, state: 'active' as const }))
    const listed = new ListedUsers(all)
    const site = makeSite({ mailboxes: all.length, listed, userPrefix: listed.newPrefix })
    const result = perform({ kind: 'renameDomain', from: 'example.com', to: NET }, site)
    const after = (name: string) => [
      { kind: 'DELETE', name: `example.com!${name}` },
      { kind: 'RESERVE', name: `${NET}!${name}`, location },
      { kind: 'ACTIVATE', name: `${NET}!${name}`, location, acl },
      { kind: 'ACTIVATE', name: `${NET}!${name}`, location, acl: `${acl}joe@${NET}\tlrswi\t` },
      {
        kind: 'ACTIVATE',
        name: `${NET}!${name}`,
        location,
        acl: `anyone\tp\tjim@example.com\tl\tjoe@${NET}\tlrswi\t`,
      },
    ]
    expect(result.sent.flatMap(({ commands }) => commands)).toEqual(['user.joe', 'user.joe.Sent'].flatMap(after))
    expect(result.sent.map(({ kind, backend }) => [kind, backend])).toEqual(
      ['rename', 'ownerAcl', 'ownerAcl', 'rename', 'ownerAcl', 'ownerAcl'].map(kind => [kind, 1]),
    )
    result.run({ kind: 'undo' })
    expect(byName(result.master.list.values())).toEqual(byName(all))
  })

  it('is of that domain’s users alone, all of them, whom later steps know by their new names', () => {
    const site = makeSite({ mailboxes: 2000, domains, names: 'plain' })
    const result = perform({ kind: 'create', users: 1, named: [`zoe@${ORG}`] }, site)
    result.run({ kind: 'renameDomain', from: ORG, to: NET })
    result.agree()
    const names = [...result.master.list.keys()]
    const inDomain = (list: Iterable<string>, domain: string) => [...list].filter(name => name.startsWith(`${domain}!`))
    expect(inDomain(names, ORG)).toEqual([])
    expect(inDomain(names, domains[1]!)).toEqual(inDomain(result.before.keys(), domains[1]!))
    const [, user] = /!user\.(\w+)$/.exec(inDomain(names, NET)[0]!)!
    const named = [`${user}@${NET}`, `zoe@${NET}`]
    result.run({ kind: 'setAcl', selection: { named }, identifier: 'a', rights: 'l' })
    expect([...byUser(result.sent.filter(({ kind }) => kind === 'setacl')).keys()]).toEqual(
      [user, 'zoe'].map(name => `${NET}!user.${name}`),
    )
    result.run({ kind: 'undo' })
    expect(byName(result.master.list.values())).toEqual(byName(result.before.values()))
  })

  it('leaves a user alone of whom a name would be too long', () => {
    const names = ['user.joe', `user.joe.${'x'.repeat(450)}`, 'user.jim']
    const all = names.map(name => ({
      name: `a.org!${name}`,
      location: `${BE1}!default`,
      acl: '',
      state: 'active' as const,
    }))
    const listed = new ListedUsers(all)
    const site = makeSite({ mailboxes: all.length, listed, userPrefix: listed.newPrefix })
    const result = perform({ kind: 'renameDomain', from: 'a.org', to: `${'b'.repeat(40)}.org` }, site)
    expect(result.sent.map(({ mailboxes: [name] }) => name)).toEqual(['a.org!user.jim'])
  })
})

describe('the other steps', () => {
  it('create makes users of the names that are asked for, each once', () => {
    const site = makeSite({ mailboxes: 300 })
    const result = perform({ kind: 'create', users: 2, named: ['a.smith', 'zoe@x.org'] }, site)
    const users = byUser(result.sent)
    expect([...users.keys()]).toEqual(['user.a^smith', 'x.org!user.zoe'])
    for (const [inbox, id] of [
      ['user.a^smith', 'a.smith'],
      ['x.org!user.zoe', 'zoe@x.org'],
    ] as const)
      expect(result.master.list.get(inbox)!.acl).toMatch(new RegExp(`^${id}\\tlrs`))
    result.run({ kind: 'create', users: 3 })
    result.agree()
    result.run({ kind: 'delete', selection: { named: ['zoe@x.org'] } })
    expect(result.master.list.has('x.org!user.zoe')).toBe(false)
    result.agree()
  })

  it('create gives whole users, on the server that is named', () => {
    const result = perform({ kind: 'create', users: 20, on: BE2 })
    const made = result.sent.map(({ mailboxes: [name] }) => result.master.list.get(name!)!)
    for (const { location } of made) expect(location).toMatch(/^be2\.example\.com!/)
    const inboxes = made.filter(({ name }) => !name.slice('user.'.length).includes('.'))
    // The first may have been there in part.
    expect([19, 20]).toContain(inboxes.length)
  })

  it('delete takes all of a server’s users away, those in others first', () => {
    const result = perform({ kind: 'delete', selection: { from: BE1 } })
    expect(on(BE1, result).every(({ name }) => name.startsWith('DELETED.'))).toBe(true)
    const gone = new Set<string>()
    for (const {
      mailboxes: [name],
    } of result.sent) {
      for (const other of result.before.keys())
        if (other.startsWith(`${name}.`)) expect(gone.has(other), `${other} after ${name}`).toBe(true)
      gone.add(name!)
    }
  })

  it('setAcl changes one identifier’s rights, and sends nothing where they are so already', () => {
    const step = { kind: 'setAcl', selection: { users: 10 }, identifier: 'anyone', rights: 'lrs' } as const
    const result = perform(step)
    const changed = result.sent.map(({ mailboxes: [name] }) => result.master.list.get(name!)!.acl)
    expect(changed.length).toBeGreaterThan(9)
    for (const acl of changed)
      expect(acl.match(/(^|\t)anyone\t\w+\t/g)).toEqual([expect.stringMatching(/anyone\tlrs\t/)])
    const sent = result.sent.length
    result.run(step)
    expect(result.sent).toHaveLength(sent)
    result.run({ ...step, rights: '' })
    for (const {
      mailboxes: [name],
    } of result.sent.slice(sent))
      expect(result.master.list.get(name!)!.acl).not.toContain('anyone')
  })
})
