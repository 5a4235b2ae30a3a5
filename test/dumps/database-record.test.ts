import { describe, expect, it } from 'vitest'
import { databaseKey } from '../../src/core/database-key.js'
import { DatabaseReader } from '../../src/dumps/database-record.js'

function read(...lines: readonly string[]) {
  const reader = new DatabaseReader()
  const entries = lines.map(line => reader.line(line)).filter(entry => entry !== undefined)
  return { form: reader.form, entries }
}

const JOE = { server: 'be1', partition: 'p1', acl: 'joe\tlrs\tanyone\tp\t', state: 'active', isElsewhere: true }

describe('DatabaseReader', () => {
  it.each([
    ['2.2 to 2.4', 'user.joe\t1 be1!p1 joe\tlrs\tanyone\tp\t'],
    ['2.5 to 3.4', 'user.joe\t%(A %(joe lrs anyone p) M 1706538684 P p1 S be1 T r)'],
    ['3.6', 'Nuser\x1fjoe\t%(T er P p1 S be1 M 1796013712 A %(joe lrs anyone p))'],
  ])('reads a record of %s', (form, line) => {
    expect(read(line)).toEqual({ form, entries: [{ name: 'user.joe', ...JOE }] })
  })

  it.each([
    ['2.2 to 2.4', 'user.new\t3 be1!p1 '],
    ['2.5 to 3.4', 'user.new\t%(P p1 S be1 T rz)'],
    ['3.6', 'Nuser\x1fnew\t%(T erz P p1 S be1)'],
  ])('reads a reserved one of %s', (_, line) => {
    expect(read(line).entries).toMatchObject([{ name: 'user.new', state: 'reserved', acl: '' }])
  })

  it('takes each mailbox of 3.6 once, and no other keys', () => {
    const id = 'Ix1\t%(T er N user\x1fjoe P p1 S be1 A %() H (%(N "user\x1fold)") ()))'
    const { entries } = read('$VERSION\t2', id, 'Nuser\x1fjoe\t%(T er I x1 P p1 S be1 A %())', '$RACL$U$joe$user.joe\t')
    expect(entries).toMatchObject([{ name: 'user.joe' }])
  })

  it.each(['user.a b.c', 'user.a^b', 'example.com!user.joe.Sent', 'a.b!user.c^d', 'shared'])(
    'has %s back from its key',
    name => {
      expect(read(`N${databaseKey(name)}\t%(T er P p S s)`).entries).toMatchObject([{ name }])
    },
  )

  it('reads strings in quotes and literals, which have line ends before them', () => {
    const { entries } = read(
      'Nuser\x1fa\t%(T er P "p 1" S be1 A %({4+}\r',
      'a b" lrs -x l {3+}\r',
      'f\xc3\xa4 p "(g)" l "q\\"" l))',
    )
    expect(entries).toMatchObject([{ partition: 'p 1', acl: 'a b"\tlrs\t-x\tl\tf\xc3\xa4\tp\t(g)\tl\tq"\tl\t' }])
  })

  it.each([
    ['that is cut off', ['user.a\t%(A %(joe lrs) P p']],
    ['without a value for each key', ['user.a\t%(A)']],
    ['of another version than those before', ['user.a\t%(P p S s T r)', 'user.b\t1 be1!p b\tlrs\t']],
    ['without a key', ['\t1 be1!p b\tlrs\t']],
    ['that is none', ['nothing of this']],
  ])('says of a record %s that it is bad', (_, lines) => {
    expect(read(...lines).entries.at(-1)).toMatchObject({ reason: expect.any(String) })
  })
})
