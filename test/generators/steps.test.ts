import { describe, expect, it } from 'vitest'
import type { Operation } from '../../src/core/operation.js'
import { mailboxes } from '../../src/generators/mailboxes.js'
import { OperationStream } from '../../src/generators/operations.js'
import type { Selection, SiteSpec, StepSpec } from '../../src/generators/spec.js'
import { stepOperations } from '../../src/generators/steps.js'
import { byName, ListModel } from './list-model.js'
import { makeListedSite, makeMix, makeSite } from './sites.js'

const BE1 = 'be1.example.com'
const BE2 = 'be2.example.com'

/** A step to its end, with as many operations of a mix after each of its own. */
function perform(step: StepSpec, site: SiteSpec = makeSite({ mailboxes: 3000 }), beside = 0) {
  const master = new ListModel(mailboxes(site, 5))
  const stream = new OperationStream(site, makeMix({ delete: 3 }), 5)
  const before = new Map(master.list)
  const sent: Operation[] = []
  const run = (spec: StepSpec) => {
    for (const operation of stepOperations(stream, spec)) {
      master.apply(operation)
      sent.push(operation)
      for (let i = 0; i < beside; i++) master.apply(stream.next())
    }
  }
  run(step)
  const agree = () => {
    expect(byName(stream.model.catalogue())).toEqual(byName(master.list.values()))
    expect(stream.model.size).toBe(master.list.size)
  }
  agree()
  return { master, before, sent, site, run, agree }
}

const on = (server: string, { master }: Pick<ReturnType<typeof perform>, 'master'>) =>
  [...master.list.values()].filter(({ location }) => location.startsWith(`${server}!`))

const all: StepSpec[] = [
  { kind: 'create', users: 40 },
  { kind: 'create', users: 40, on: BE2 },
  { kind: 'move', to: BE2, selection: {}, abort: 0.3 },
  { kind: 'delete', selection: { from: BE1 } },
  { kind: 'setAcl', selection: {}, identifier: 'helpdesk', rights: 'lrs' },
]
const sites = { made: makeSite({ mailboxes: 2000 }), listed: makeListedSite() }

describe('any step', () => {
  it.each(all.flatMap(step => Object.entries(sites).map(([title, site]) => ({ ...step, title, step, site }))))(
    '$kind on a $title site, whatever arrives beside it, sends nothing that a master could not bear',
    ({ step, site }) => {
      const { sent, agree, run } = perform(step, site, 3)
      expect(sent.length).toBeGreaterThan(40)
      run({ kind: 'push', servers: [BE1] })
      agree()
      run({ kind: 'undo' })
      agree()
    },
  )
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

describe('the other steps', () => {
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
