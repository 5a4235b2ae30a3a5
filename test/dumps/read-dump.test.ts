import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import type { DumpEntry } from '../../src/dumps/dump-entry.js'
import { type BadDumpLine, readDump } from '../../src/dumps/read-dump.js'
import { written } from '../../src/generators/dump.js'

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(content: string | Buffer, size = 7) {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content
  const entries: DumpEntry[] = []
  const bad: BadDumpLine[] = []
  const reading = readDump(inPieces(bytes, size), 'dump', line => bad.push(line))
  for (let next = await reading.next(); ; next = await reading.next()) {
    if (next.done === true) return { ...next.value, entries, bad }
    entries.push(...next.value)
  }
}

const BOB: DumpEntry = {
  name: 'user.bob',
  state: 'active',
  isElsewhere: false,
  server: '',
  partition: 'default',
  acl: 'bob\tlrs\t',
}

describe('a dump', () => {
  it.each<{ form: string; text: string; format: string; entry: DumpEntry }>([
    { form: '2.2', text: 'user.bob\tdefault\tbob\tlrs\t\n', format: '2.2', entry: BOB },
    { form: '2.3.7', text: 'user.bob\t0 default\tbob\tlrs\t\n', format: '2.3.7', entry: BOB },
    { form: '2.4', text: 'user.bob\t0 default bob\tlrs\t\n', format: '2.3.12', entry: BOB },
    {
      form: '2.4 of a master',
      text: 'user.bob\t1 be1!default bob\tlrs\t\n',
      format: '2.3.12',
      entry: { ...BOB, isElsewhere: true, server: 'be1' },
    },
    {
      form: '3.4, blanks in the name, tabs in the ACL, no last tab',
      text: 'user.bob.A b\t1 be1!p bob\tlrs\tanyone\tp\n',
      format: '2.3.12',
      entry: {
        name: 'user.bob.A b',
        state: 'active',
        isElsewhere: true,
        server: 'be1',
        partition: 'p',
        acl: 'bob\tlrs\tanyone\tp\t',
      },
    },
    {
      form: '2.4, reserved, without the blank at its end',
      text: 'user.bob\t3 be1!default\n',
      format: '2.3.12',
      entry: { ...BOB, state: 'reserved', isElsewhere: true, server: 'be1', acl: '' },
    },
    {
      form: '2.4, moving',
      text: 'user.bob\t9 be1!default bob\tlrs\t\r\n',
      format: '2.3.12',
      entry: { ...BOB, state: 'moving' },
    },
    {
      form: '3.x, with more behind the ACL',
      text: 'user.bob\t0 default bob\tlrs\t>6bf4a-1 1706538684 12 3 4 \n',
      format: '2.3.12',
      entry: BOB,
    },
    {
      form: '3.0, a tombstone of no partition',
      text: 'user.bob\t16 (null) \n',
      format: '2.3.12',
      entry: { ...BOB, state: 'deleted', partition: '(null)', acl: '' },
    },
    {
      form: '3.0, a tombstone',
      text: 'user.bob\t16 default bob\tlrs\t',
      format: '2.3.12',
      entry: { ...BOB, state: 'deleted' },
    },
    {
      form: '3.6 of a master',
      text: '{\n"user.bob": {"name": "user.bob", "mbtype": "er", "partition": "default", "server": "be1", "acl": {"bob": "lrs"}}\n}\n',
      format: '3.6',
      entry: { ...BOB, isElsewhere: true, server: 'be1' },
    },
    {
      form: '3.8, braces on the mailbox’s line, an identifier that is a number after one that is none',
      text: '{"user.bob": {"mbtype": "ed", "partition": "default", "acl": {"bob": "lrs", "12": "l", "-anyone": "p"}}}',
      format: '3.6',
      entry: { ...BOB, state: 'deleted', acl: 'bob\tlrs\t12\tl\t-anyone\tp\t' },
    },
    {
      form: '3.6, escaped, and bytes above 7 bits',
      text: '{\n"user.b\\u00e9": {"mbtype": "ez", "server": "be\xc3\xa9", "partition": "p", "acl": {"a\\"b\\\\": "l"}}\n}\n',
      format: '3.6',
      entry: {
        name: 'user.b\xc3\xa9',
        state: 'reserved',
        isElsewhere: false,
        server: 'be\xc3\xa9',
        partition: 'p',
        acl: 'a"b\\\tl\t',
      },
    },
    {
      form: '3.6, bytes as they are',
      text: '{\n"user.b\xc3\xa9": {"mbtype": "e", "partition": "default", "acl": {"bob": "lrs"}}\n}\n',
      format: '3.6',
      entry: { ...BOB, name: 'user.b\xc3\xa9' },
    },
  ])('of $form', async ({ text, format, entry }) => {
    for (const size of [1, 2, 5, 1000]) {
      expect(await read(text, size)).toMatchObject({ format, entries: [entry], bad: [] })
    }
  })

  const bytesOf = (from: number, to: number, most: number) =>
    fc
      .array(fc.integer({ min: from, max: to }), { minLength: 1, maxLength: most })
      .map(codes => String.fromCharCode(...codes.filter(code => code !== 0x7f)).trim())
  const word = bytesOf(0x21, 0xff, 12).map(text => `x${text.replaceAll(/[\x85\xa0]/g, '')}`)
  const record: fc.Arbitrary<MailboxRecord> = fc
    .record({
      name: fc.array(word, { minLength: 1, maxLength: 4 }).map(words => words.join(' ')),
      server: fc.constantFrom('be1', 'cyrus-backend-pers-2-18'),
      partition: word,
      acl: fc.uniqueArray(word, { maxLength: 3 }),
      isActive: fc.boolean(),
    })
    .map(({ name, server, partition, acl, isActive }) => ({
      name,
      location: `${server}!${partition}`,
      acl: isActive ? acl.map(identifier => `${identifier}\tlrs\t`).join('') : '',
      state: isActive ? 'active' : 'reserved',
    }))

  it.each([
    { form: '3.6', write: 'json' as const },
    { form: '2.4', write: 'text' as const },
  ])('that is written as of $form is read as it was', async ({ write }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(record, { minLength: 1, maxLength: 5, selector: ({ name }) => name }),
        async records => {
          const { entries, bad } = await read(Buffer.concat([...written(write, records)]), 11)
          expect(bad).toEqual([])
          expect(
            entries.map(({ server, partition, isElsewhere: _, ...rest }) => ({
              ...rest,
              location: `${server}!${partition}`,
            })),
          ).toEqual(records)
        },
      ),
    )
  })

  it.each<{ wrong: string; text: string; line: number; column: number; reason: RegExp }>([
    { wrong: 'no tab', text: 'user.a\t0 p \nwhat\n', line: 2, column: 5, reason: /no tab/ },
    { wrong: 'no name', text: 'user.a\t0 p \n\t0 p \n', line: 2, column: 1, reason: /no name/ },
    { wrong: 'no type', text: 'user.a\t0 p \nuser.b\tp a\tl\t\n', line: 2, column: 8, reason: /not a type/ },
    {
      wrong: 'rights missing',
      text: 'user.a\t0 p \n\nuser.b\t0 p a\tl\tb\t\n',
      line: 3,
      column: 18,
      reason: /no rights for its last/,
    },
    { wrong: 'no JSON', text: '{\n"user.a": {},\n"user.b": {"mbtype": e},\n}\n', line: 3, column: 22, reason: /JSON/ },
    { wrong: 'no mailbox', text: '{\n"user.a": {},\n "user.b": 3,\n}\n', line: 3, column: 2, reason: /no mailbox/ },
    {
      wrong: 'no ACL',
      text: '{\n"user.a": {},\n"user.b": {"acl": {"a": 1}},\n}\n',
      line: 3,
      column: 12,
      reason: /ACL/,
    },
    { wrong: 'cut off', text: 'user.a\t0 p a\tl\t\nuser.b\t0 p a\tlr', line: 2, column: 16, reason: /cut off/ },
    { wrong: 'a tab', text: '{\n"user.a": {},\n"user.\\tb": {},\n}\n', line: 3, column: 1, reason: /a tab/ },
    { wrong: 'cut off, JSON', text: '{\n"user.a": {},\n"user.b": {},\n', line: 3, column: 1, reason: /cut off/ },
  ])('says where it is no mailbox: $wrong', async ({ text, reason, line, column }) => {
    const { bad, entries } = await read(text)
    expect(bad).toMatchObject([{ line, column }])
    expect(bad[0]!.reason).toMatch(reason)
    expect(entries.length).toBeGreaterThan(0)
  })

  it('whose servers are lost is read by whoever needs none', async () => {
    const bytes = Buffer.from('user.a\t1 default a\tl\t\n')
    const first = await readDump(inPieces(bytes, 99), 'dump', () => {}, true).next()
    expect(first.value).toMatchObject([{ name: 'user.a', isElsewhere: true, server: '' }])
  })

  it('of a database that is empty is read', async () => {
    expect(await read('{\n}\n')).toMatchObject({ format: '3.6', entries: [], bad: [] })
  })

  it.each([
    {
      what: 'a line without an end',
      text: '{"user.a":{"mbtype":"e"},'.repeat(100_000),
      message: /not one mailbox a line/,
    },
    { what: 'nothing', text: '', message: /dump: no line of it is a mailbox/ },
    { what: 'a mail', text: 'From: somebody\nTo: me\n', message: /dump: no line of it is a mailbox/ },
    {
      what: '2.5 of a master, without servers',
      text: 'user.a\t1 default a\tl\t\n',
      message: /line 1: .* lies on another server/,
    },
    {
      what: '3.6 without servers',
      text: '{\n"user.a": {"mbtype": "er"}\n}\n',
      message: /line 2: .* lies on another server/,
    },
    {
      what: 'one by jq, on a line',
      text: '{"user.a":{"mbtype":"e"},"user.b":{"mbtype":"e"}}',
      message: /not one mailbox a line/,
    },
    { what: 'one by jq', text: '{\n  "user.a": {\n    "mbtype": "e"\n  }\n}\n', message: /not one mailbox a line/ },
  ])('cannot be $what', async ({ text, message }) => {
    await expect(read(text)).rejects.toThrow(message)
  })
})
