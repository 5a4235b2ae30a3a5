import { beforeEach, describe, expect, it } from 'vitest'
import { ModelWorld } from './model-world.js'
import { applyStream, type FakeClient, type TestWorld, World } from './world.js'

let world: TestWorld
let plain: World
let writer: FakeClient

function begin(master: TestWorld): void {
  world = master
  writer = world.login()
}

beforeEach(() => {
  plain = new World()
  begin(plain)
})

function slave(update = 'U01 UPDATE\r\n'): FakeClient {
  const client = world.login()
  client.say(update)
  return client
}

function create(count: number, prefix = 'user.u'): void {
  for (let i = 0; i < count; i++) writer.say(`X ACTIVATE "${prefix}${i}" "be!p" "u${i}\tlrs\t"\r\n`)
  writer.take()
}

function listed(): Map<string, string> {
  const list = new Map<string, string>()
  applyStream(list, writer.ask('L LIST\r\n'))
  return list
}

describe.each([
  { master: 'the plain master', Master: World },
  { master: 'a modelled Cyrus', Master: ModelWorld },
])('a stream of $master', ({ Master }) => {
  beforeEach(() => begin(new Master()))

  it('begins with the list', () => {
    create(1)
    expect(slave().take()).toBe(
      'U01 MAILBOX {7+}\r\nuser.u0 {4+}\r\nbe!p {7+}\r\nu0\tlrs\t\r\nU01 OK "streaming starts"\r\n',
    )
  })

  it('is sent what changed before the answer to its NOOP, under its own tag', () => {
    const client = slave('T9 UPDATE\r\n')
    client.take()
    writer.say('X RESERVE "a" "be!p"\r\n')
    expect(client.take()).toBe('')
    expect(client.ask('N0 NOOP\r\n')).toBe('T9 RESERVE {1+}\r\na {4+}\r\nbe!p\r\nN0 OK "Noop done"\r\n')
    expect(client.ask('N1 NOOP\r\n')).toBe('N1 OK "Noop done"\r\n')
  })

  it('is sent state, not history: what is gone is deleted once for each change', () => {
    const client = slave()
    client.take()
    writer.say('X ACTIVATE "a" "be!p" "x\tl\t"\r\nX DEACTIVATE "a" "be!p"\r\nX DELETE "a"\r\n')
    expect(client.ask('N NOOP\r\n')).toBe(`${'U01 DELETE {1+}\r\na\r\n'.repeat(3)}N OK "Noop done"\r\n`)
  })

  it('is sent changes after 5 s, or 5 s after its last NOOP', () => {
    const client = slave()
    client.take()
    const changed = 'U01 RESERVE {1+}\r\na {4+}\r\nbe!p\r\n'
    writer.say('X RESERVE "a" "be!p"\r\n')
    world.passS(4)
    expect(client.take()).toBe('')
    world.passS(1)
    expect(client.take()).toBe(changed)
    world.passS(3)
    client.ask('N NOOP\r\n')
    writer.say('X RESERVE "a" "be!p"\r\n')
    world.passS(4)
    expect(client.take()).toBe('')
    world.passS(1)
    expect(client.take()).toBe(changed)
  })

  it('is sent nothing for refused changes', () => {
    writer.say('X RESERVE "a" "be!p"\r\n')
    const client = slave()
    client.take()
    writer.say('X RESERVE "a" "other!p"\r\nX DELETE "b"\r\nX DEACTIVATE "b" "be!p"\r\n')
    expect(client.ask('N NOOP\r\n')).toBe('N OK "Noop done"\r\n')
  })

  it('of some servers shows those only, and what comes to them or leaves them', () => {
    writer.say('X ACTIVATE "a" "be1!p" ""\r\nX ACTIVATE "b" "be2!p" ""\r\nX ACTIVATE "c" "be3" ""\r\n')
    const client = slave('U01 UPDATE "be1" "be3"\r\n')
    expect(client.take()).toBe(
      'U01 MAILBOX {1+}\r\na {5+}\r\nbe1!p {0+}\r\n\r\nU01 MAILBOX {1+}\r\nc {3+}\r\nbe3 {0+}\r\n\r\nU01 OK "streaming starts"\r\n',
    )
    writer.say('X ACTIVATE "a" "be2!p" ""\r\nX ACTIVATE "b" "be2!q" ""\r\nX RESERVE "d" "be3!p"\r\nX DELETE "b"\r\n')
    expect(client.ask('N NOOP\r\n')).toBe(
      'U01 MAILBOX {1+}\r\na {5+}\r\nbe2!p {0+}\r\n\r\nU01 RESERVE {1+}\r\nd {5+}\r\nbe3!p\r\nN OK "Noop done"\r\n',
    )
  })

  it('has the bytes of another with the same tag, also from a place further on', () => {
    const first = slave()
    const second = slave()
    const third = slave()
    const fourth = slave()
    create(700)
    for (const client of [second, fourth]) client.ask('N NOOP\r\n')
    create(700, 'user.x')
    for (const client of [second, third, first, fourth]) client.say('N NOOP\r\n')
    const expected = listed()
    const rest = fourth.take()
    expect(rest.match(/U01 MAILBOX/g)).toHaveLength(700)
    for (const client of [first, second, third]) {
      const list = new Map<string, string>()
      const said = client.take()
      if (client === second) expect(said).toBe(rest)
      else {
        applyStream(list, said)
        expect(list).toEqual(expected)
      }
    }
  })
})

describe('a dump', () => {
  it('loses nothing of what changes meanwhile, before and behind where it is', () => {
    create(5000)
    const client = world.login()
    const list = new Map<string, string>()
    client.connection.received(Buffer.from('U01 UPDATE\r\n'))
    let i = 0
    do {
      applyStream(list, client.take())
      const edits = [
        `X DELETE "user.u${i * 37}"`,
        `X ACTIVATE "user.u${4999 - i * 41}" "be${i}!q" "new\tl\t"`,
        `X RESERVE "a.new${i}" "be!p"`,
        `X RESERVE "z.new${i}" "be!p"`,
      ]
      writer.connection.received(Buffer.from(`${edits.join('\r\n')}\r\n`))
      i++
    } while (plain.turn())
    expect(i).toBeGreaterThan(4)
    writer.take()
    applyStream(list, client.ask('N NOOP\r\n'))
    expect(list).toEqual(listed())
  })

  it('goes on where it was though the last name sent is gone and its memory used for another', () => {
    create(5000, 'user.u00')
    const client = world.login()
    const list = new Map<string, string>()
    client.connection.received(Buffer.from('U01 UPDATE\r\n'))
    let i = 0
    do {
      applyStream(list, client.take())
      const last = [...list.keys()].at(-1)!
      const other = `zzzz.${i++}`.padEnd(last.length, 'z')
      const acl = 'x'.repeat(last.length - 'user.u00'.length + 6)
      writer.connection.received(Buffer.from(`X DELETE "${last}"\r\nX ACTIVATE "${other}" "be!p" "${acl}"\r\n`))
    } while (plain.turn())
    expect(i).toBeGreaterThan(4)
    writer.take()
    applyStream(list, client.ask('N NOOP\r\n'))
    expect(list).toEqual(listed())
  })

  it('makes commands behind it wait for its end', () => {
    create(3000)
    const client = world.login()
    client.say('L LIST\r\nN NOOP\r\n')
    expect(client.take()).toMatch(/L OK "list complete"\r\nN OK "Noop done"\r\n$/)
  })

  it('takes turns with others', () => {
    create(5000)
    const [a, b] = [world.login(), world.login()]
    for (const client of [a, b]) client.connection.received(Buffer.from('U01 UPDATE\r\n'))
    for (let i = 0; i < 4; i++) plain.turn()
    expect(a.take().length).toBeGreaterThan(0)
    expect(b.take().length).toBeGreaterThan(0)
    expect(writer.connection.received(Buffer.from('N NOOP\r\n')), 'answered in between').toBeUndefined()
    expect(writer.take()).toBe('N OK "Noop done"\r\n')
  })

  it('passes on records larger than a piece', () => {
    const acl = 'x'.repeat(300_000)
    writer.say(`X ACTIVATE "a" "be!p" {300000+}\r\n${acl}\r\nX RESERVE "b" "be!p"\r\n`)
    const list = new Map<string, string>()
    applyStream(list, slave().take())
    expect(list.get('a')).toBe(`be!p ${acl}`)
    expect(list.get('b')).toBe('be!p')
  })
})

describe('a slave that does not read', () => {
  it('stops its own dump only, and gets the rest when it reads again', () => {
    create(20_000)
    const client = world.login()
    client.reading = false
    client.say('U01 UPDATE\r\n')
    expect(client.backlogPeakBytes).toBeLessThan(70_000)
    expect(slave().take()).toMatch(/streaming starts"\r\n$/)
    client.readAgain()
    const list = new Map<string, string>()
    applyStream(list, client.take())
    expect(list).toEqual(listed())
  })

  it('keeps its bytes though the buffer of dumps is in use', () => {
    create(3000)
    const slow = world.login()
    slow.reading = false
    const chunks: Uint8Array[] = []
    const write = slow.write.bind(slow)
    slow.write = bytes => {
      if (typeof bytes !== 'string') chunks.push(bytes)
      write(bytes)
    }
    slow.say('U01 UPDATE\r\n')
    const before = Buffer.from(chunks[0])
    slave('V99 UPDATE\r\n')
    expect(Buffer.from(chunks[0]).equals(before)).toBe(true)
  })

  it('is dropped when too much is pending for it, and no one else', () => {
    begin(new World({ backlogBytesMax: 1_000_000 }))
    const good = slave()
    const bad = slave()
    bad.reading = false
    for (let i = 0; i < 30; i++) create(2500, `user.u${i}.`)
    expect(bad.destroyed).toBe(true)
    expect(good.destroyed).toBe(false)
    expect(world.reports).toEqual(['client dropped: too many pending updates'])
    expect(world.core.log.retainedBytes).toBeLessThan(1_000_000)
    expect(bad.backlogPeakBytes).toBeLessThan(200_000)
    const list = new Map<string, string>()
    applyStream(list, good.ask('N NOOP\r\n'))
    expect(list).toEqual(listed())
  })

  it('leaves no log behind when it goes', () => {
    const client = slave()
    create(3000)
    expect(world.core.log.retainedBytes).toBeGreaterThan(0)
    client.connection.close()
    expect(world.core.log.retainedBytes).toBe(0)
  })
})

describe('a client that does not read its replies', () => {
  it('has its commands left unread', () => {
    create(1)
    writer.reading = false
    for (let i = 0; i < 2000; i++) writer.say('F FIND "user.u0"\r\n'.repeat(20))
    expect(writer.paused).toBe(true)
    expect(writer.backlogPeakBytes).toBeLessThan(600_000)
    writer.readAgain()
    expect(writer.paused).toBe(false)
    expect(writer.take().match(/Search completed/g)).toHaveLength(40_000)
  })
})

describe('a mailbox with a long ACL', () => {
  it('that has changed often is not sent all at once', () => {
    const client = slave()
    client.take()
    for (let i = 0; i < 400; i++) writer.say('X RESERVE "a" "be!p"\r\n')
    writer.say(`X ACTIVATE "a" "be!p" {50000+}\r\n${'x'.repeat(50_000)}\r\n`)
    client.reading = false
    client.say('N0 NOOP\r\n')
    // It is what it is now, each time: 20 MB.
    expect(client.backlogBytes).toBeLessThan(400_000)
    client.readAgain()
    const said = client.take()
    expect(said.match(/U01 MAILBOX \{1\+\}/g)).toHaveLength(401)
    expect(said.endsWith('N0 OK "Noop done"\r\n')).toBe(true)
  })

  it('is sent to others that stand elsewhere, once for each change', () => {
    const early = slave()
    const late: FakeClient[] = []
    for (let i = 0; i < 60; i++) {
      writer.say(`X ACTIVATE "a${i % 3}" "be!p" {20000+}\r\n${'x'.repeat(20_000)}\r\n`)
      if (i % 10 === 5) late.push(slave())
    }
    for (const client of [early, ...late]) client.take()
    const counts = [early, ...late].map(client => client.ask('N NOOP\r\n').match(/U01 MAILBOX/g)?.length)
    expect(counts).toEqual([60, 54, 44, 34, 24, 14, 4])
  })
})
