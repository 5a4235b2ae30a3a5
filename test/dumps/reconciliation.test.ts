import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DumpEntry } from '../../src/dumps/dump-entry.js'
import { LineCursor } from '../../src/dumps/line-cursor.js'
import type { Fate } from '../../src/dumps/reconciliation.js'
import { sourceLine } from '../../src/dumps/reconciliation-line.js'
import { NameJoin, type Outcome, outcomesOf } from '../../src/dumps/reconciliation-run.js'

type Entries = readonly DumpEntry[]

const SERVERS = ['be1', 'be2', 'be3'] as const

function entry(name: string, server: string, partition = 'p', acl = 'a\tlrs\t', state: DumpEntry['state'] = 'active') {
  return { name, server, partition, acl, state, isElsewhere: server !== '' }
}

const told = (name: string, server: string, ...rest: [string?, string?, DumpEntry['state']?]) =>
  entry(name, server, ...rest)
const own = (name: string, ...rest: [string?, string?, DumpEntry['state']?]) => entry(name, '', ...rest)

/** As the command does it, sorted in memory. */
async function reconciled(master: Entries, backends: readonly Entries[], isUnified = false): Promise<Outcome[]> {
  const sources = [master, ...backends]
  const lines = sources.flatMap((entries, source) => entries.map((one, i) => sourceLine(source, i + 1, one)))
  const join = new NameJoin(SERVERS.slice(0, backends.length))
  for (const line of lines.sort()) join.add(line)
  join.end()
  const outcomes: Outcome[] = []
  // Cut anywhere, as sort(1) hands them out.
  const cut = pieces(join.steps.sort())
  for await (const batch of outcomesOf(cut, new LineCursor(pieces(join.listed.sort())), isUnified))
    outcomes.push(...batch)
  return outcomes
}

async function* pieces(lines: readonly string[]): AsyncGenerator<readonly string[]> {
  yield []
  for (let at = 0; at < lines.length; at += 2) yield lines.slice(at, at + 2)
}

function fates(outcomes: readonly Outcome[]): string[] {
  return outcomes.map(({ backend, fate, name }) => `${SERVERS[backend]} ${fate} ${name}`)
}

describe('a run of ctl_mboxlist -m', () => {
  it.each<{ what: string; master: Entries; local: Entries; fate: Fate | undefined }>([
    { what: 'the same', master: [told('a', 'be1')], local: [own('a')], fate: 'same' },
    { what: 'unknown to the master', master: [], local: [own('a')], fate: 'unknown' },
    { what: 'on another partition', master: [told('a', 'be1', 'q')], local: [own('a')], fate: 'partition' },
    { what: 'with another ACL', master: [told('a', 'be1', 'p', 'a\tl\t')], local: [own('a')], fate: 'acl' },
    {
      what: 'only reserved there',
      master: [told('a', 'be1', 'p', '', 'reserved')],
      local: [own('a', 'p', '')],
      fate: 'reserved',
    },
    { what: 'that is not here', master: [told('a', 'be1')], local: [], fate: 'removed' },
    { what: 'that lives elsewhere', master: [told('a', 'be9')], local: [own('a')], fate: 'wiped' },
    {
      what: 'reserved elsewhere',
      master: [told('a', 'be9', 'p', '', 'reserved')],
      local: [own('a')],
      fate: 'wiped',
    },
    {
      what: 'moving, and still here',
      master: [told('a', 'be1')],
      local: [own('a', 'p', '', 'moving')],
      fate: 'unflagged',
    },
    { what: 'moving, and nowhere', master: [], local: [own('a', 'p', '', 'moving')], fate: 'unflagged' },
    { what: 'moving, and gone', master: [told('a', 'be9')], local: [own('a', 'p', '', 'moving')], fate: 'wiped' },
    { what: 'of nobody here', master: [told('a', 'be9')], local: [], fate: undefined },
    // `be1` begins as `be11` does: the prefix has an exclamation mark.
    { what: 'of a server with a longer name', master: [told('a', 'be11')], local: [own('a')], fate: 'wiped' },
  ])('with a mailbox $what: $fate', async ({ master, local, fate }) => {
    expect((await reconciled(master, [local])).map(one => one.fate)).toEqual(fate === undefined ? [] : [fate])
  })

  it('deletes from the master what is only reserved here, then pushes it', async () => {
    const outcomes = await reconciled([told('a', 'be1')], [[own('a', 'p', '', 'reserved')]])
    expect(fates(outcomes)).toEqual(['be1 removed a', 'be1 unknown a'])
  })

  it('goes through many in the order of the dumps', async () => {
    const names = Array.from({ length: 120 }, (_, i) => `user.${i}`)
    const outcomes = await reconciled(
      names.map(name => told(name, 'be1')),
      [names.map(name => own(name))],
    )
    expect(outcomes.map(({ name }) => name)).toEqual(names)
    expect(outcomes.filter(({ fate }) => fate !== 'same')).toEqual([])
  })

  it('leaves a slave of a unified murder what is elsewhere', async () => {
    const outcomes = await reconciled([told('a', 'be2'), told('b', 'be2')], [[entry('a', 'be2'), own('b')]], true)
    expect(fates(outcomes)).toEqual(['be1 left a', 'be1 left b'])
  })

  it.each([
    { where: 'there', backends: [[own('a')], [own('a')]] },
    { where: 'missing', backends: [[own('a')], []] },
    { where: 'missing', backends: [[own('a')], [own('a', 'p', '', 'reserved')]] },
    // A slave of a unified murder has only heard of it.
    { where: 'missing', backends: [[own('a')], [own('b'), entry('a', 'be3')]] },
  ])(
    'tells of a mailbox that it deletes whether it is where the master has it: $where',
    async ({ where, backends }) => {
      const [first] = (await reconciled([told('a', 'be2')], backends)).filter(({ fate }) => fate === 'wiped')
      expect(first).toMatchObject({ backend: 0, name: 'a', server: 'be2', copy: where })
    },
  )

  it('does not know that without a dump', async () => {
    expect(await reconciled([told('a', 'be9')], [[own('a')]])).toMatchObject([{ server: 'be9', copy: 'untold' }])
  })
})

describe('one run after the other', () => {
  it('deletes what the one before it has pushed', async () => {
    expect(fates(await reconciled([], [[own('a')], [own('a')]]))).toEqual(['be1 unknown a', 'be2 wiped a'])
  })

  it('pushes what the one before it has deleted from the master, and would delete it if it came first', async () => {
    expect(fates(await reconciled([told('a', 'be1')], [[], [own('a')]]))).toEqual(['be1 removed a', 'be2 unknown a'])
    expect(fates(await reconciled([told('a', 'be2')], [[own('a')], []]))).toEqual(['be1 wiped a', 'be2 removed a'])
  })
})

describe('a master in another order', () => {
  // As 3.6 and what is before it order them.
  const local = [own('user.a'), own('user.a.b'), own('user.a-b')]

  it('makes the run die where the master has it at the same place', async () => {
    const master = [told('user.a', 'be1'), told('user.a-b', 'be1'), told('user.a.b', 'be1')]
    expect(fates(await reconciled(master, [local, [own('user.a-b')]]))).toEqual([
      'be1 same user.a',
      'be1 fatal user.a.b',
      'be1 unreached user.a-b',
      // The next run is judged as if it had not died.
      'be2 wiped user.a-b',
    ])
  })

  it('deletes what the master has on another partition', async () => {
    const master = [told('user.a', 'be1'), told('user.a-b', 'be1'), told('user.a.b', 'be1', 'q')]
    const outcomes = await reconciled(master, [local])
    expect(fates(outcomes)).toEqual(['be1 same user.a', 'be1 wiped user.a.b', 'be1 same user.a-b'])
    expect(outcomes[1]).toMatchObject({ server: 'be1', copy: 'here' })
  })

  it('is none where the master has only one of them', async () => {
    const master = [told('user.a-b', 'be1'), told('user.a', 'be1')]
    expect(fates(await reconciled(master, [[own('user.a.b'), own('user.a-b'), own('user.a')]]))).toEqual([
      'be1 unknown user.a.b',
      'be1 same user.a-b',
      'be1 same user.a',
    ])
  })
})

/** The same as the program has it, a run at a time on a master that changes. */
function asTheProgram(master: Entries, backends: readonly Entries[]): string[] {
  const list = master.map(one => ({ ...one }))
  const done: string[] = []
  for (const [backend, local] of backends.entries()) {
    const server = SERVERS[backend]!
    const say = (fate: Fate, name: string) => done.push(`${server} ${fate} ${name}`)
    const queue: DumpEntry[] = []
    for (const one of list.filter(({ server: at }) => at === server)) {
      if (local.some(({ name, state }) => name === one.name && state !== 'reserved')) queue.push({ ...one })
      else {
        say('removed', one.name)
        list.splice(list.indexOf(one), 1)
      }
    }
    const activate = ({ name, partition, acl }: DumpEntry) => {
      const known = list.findIndex(one => one.name === name)
      list.splice(known === -1 ? list.length : known, known === -1 ? 0 : 1, entry(name, server, partition, acl))
    }
    let isDead = false
    for (const mine of local) {
      const found = list.find(({ name }) => name === mine.name)
      const pushed: Fate = mine.state === 'moving' ? 'unflagged' : 'unknown'
      if (isDead) {
        say('unreached', mine.name)
        // The runs after it are judged as if it had gone on.
        if (found === undefined) activate(mine)
      } else if (queue[0]?.name === mine.name) {
        const { state, partition, acl } = queue.shift()!
        if (mine.state === 'moving') say('unflagged', mine.name)
        else if (state === 'reserved') say('reserved', mine.name)
        else if (partition !== mine.partition) say('partition', mine.name)
        else if (acl !== mine.acl) say('acl', mine.name)
        else {
          say('same', mine.name)
          continue
        }
        activate(mine)
      } else if (found === undefined) {
        say(pushed, mine.name)
        activate(mine)
      } else if (found.server === server && found.partition === mine.partition) {
        say('fatal', mine.name)
        isDead = true
      } else say('wiped', mine.name)
    }
  }
  return done
}

describe('all together', () => {
  const names = ['a', 'a b', 'a-b', 'a.b', 'b', 'c']
  const oneOf = <T>(...values: readonly T[]) => fc.constantFrom(...values)
  const record = (server: fc.Arbitrary<string>, state: fc.Arbitrary<DumpEntry['state']>) =>
    fc
      .record({ server, state, partition: oneOf('p', 'p', 'q'), acl: oneOf('a\tl\t', 'a\tl\t', '') })
      .map(one => (name: string) => entry(name, one.server, one.partition, one.acl, one.state))
  const list = (record_: fc.Arbitrary<(name: string) => DumpEntry>) =>
    fc.shuffledSubarray(names).chain(some => fc.tuple(...some.map(name => record_.map(of => of(name)))))
  const ordered = (entries: Entries) => [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))
  const master = list(record(oneOf(...SERVERS, 'be9'), oneOf('active', 'active', 'reserved')))
  const backend = list(record(oneOf(''), oneOf('active', 'active', 'active', 'reserved', 'moving')))
  const backends = fc.tuple(backend, backend, backend)

  it('is as the program does it, whatever is in the dumps and in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(master, backends, fc.boolean(), async (masters, locals, isSorted) => {
        const [given, held] = isSorted ? [ordered(masters), locals.map(ordered)] : [masters, locals]
        const outcomes = fates(await reconciled(given, held))
        // What is deleted from the master comes first, in no order.
        expect(outcomes.toSorted()).toEqual(asTheProgram(given, held).toSorted())
        if (isSorted) expect(outcomes.filter(one => / (fatal|unreached) /.test(one))).toEqual([])
      }),
      { numRuns: 2000 },
    )
  })
})
