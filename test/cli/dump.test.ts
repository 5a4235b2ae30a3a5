import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { Workbench } from './bench.js'

const workbench = new Workbench()
afterAll(() => workbench.remove())

describe('mupdate-bench dump inspect', () => {
  it('says what is in a dump that generate has written, packed or not', async () => {
    const args = ['generate', 'bulk-500k', '--set', 'site.mailboxes=5000']
    const text = await workbench.bench([...args, '--format', 'text'])
    const json = await workbench.bench([...args, '--format', 'json'])
    const plain = await workbench.bench([
      'dump',
      'inspect',
      workbench.file('dump.txt', Buffer.from(text.stdout)),
      '--json',
    ])
    const packed = await workbench.bench([
      'dump',
      'inspect',
      workbench.file('dump.gz', gzipSync(Buffer.from(json.stdout))),
      '--json',
    ])
    const [ofText, ofJson] = [plain, packed].map(({ stdout }) => JSON.parse(stdout))
    expect(ofText).toMatchObject({ format: '2.3.12', badLines: 0, mailboxes: { deleted: 0 } })
    expect(ofJson).toMatchObject({ format: '3.6', badLines: 0 })
    const { format: _f, path: _p, lines: _l, ...rest } = ofText
    expect(ofJson).toMatchObject(rest)
    expect(rest.mailboxes.active).toBe(5000)
    expect(rest.users).toBeGreaterThan(100)
    const shown = await workbench.bench(['dump', 'inspect', workbench.file('dump.txt', Buffer.from(text.stdout))])
    expect(shown.stdout).toMatch(/dump\.txt: 5,000 mailboxes, as Cyrus 2\.3\.12 to 2\.4 and 3\.0 to 3\.4 dumps them\n/)
    expect(shown.stdout).toMatch(/^server +partition +mailboxes/m)
    expect(shown.status).toBe(0)
  })

  it('stops at the first line that is none (2), or tells, or goes on, as it is told', async () => {
    const path = workbench.file('bad.txt', 'user.a\t0 p a\tl\t\nwhat\nuser.a\t0 p a\tl\t\nthe\n')
    const stopped = await workbench.bench(['dump', 'inspect', path])
    expect(stopped).toMatchObject({ status: 2, stdout: '' })
    expect(stopped.stderr).toMatch(/bad\.txt:2:5: no tab after the name\n {2}→ --on-bad-line/)
    const told = await workbench.bench(['dump', 'inspect', path, '--on-bad-line', 'report'])
    expect(told.stderr).toMatch(/bad\.txt:2:5: no tab.*\n.*bad\.txt:4:4: no tab/)
    expect(told.stdout).toContain('2 lines that are no mailbox, left out')
    expect(told.stdout).toMatch(/1 more than once in the dump:\n {2}"user\.a"/)
    expect(told.status).toBe(0)
    const skipped = await workbench.bench(['dump', 'inspect', path, '--on-bad-line', 'skip', '--server', 'be9'])
    expect(skipped.stderr).not.toContain('no tab')
    expect(skipped.stdout).toMatch(/^be9 +p +2 *$/m)
  })

  it.each([
    { what: 'that is not there', path: () => '/no/such/dump', says: /cannot read \/no\/such\/dump/ },
    {
      what: 'whose gzip is cut off',
      path: () =>
        workbench.file('cut.gz', gzipSync(Buffer.from('user.a\t0 p a\tl\t\n'.repeat(10_000))).subarray(0, 80)),
      says: /cannot read .*cut\.gz: unexpected end of file/,
    },
    {
      what: 'of a 2.5 master',
      path: () => workbench.file('2.5.txt', 'user.a\t1 default a\tl\t\n'),
      says: /2\.5\.txt: line 1: .* Cyrus 2\.5 writes so\n {2}→ dump it by another version/,
    },
    { what: 'that is none', path: () => workbench.file('mail', 'From: a\n'), says: /no line of it is a mailbox/ },
  ])('exits 2 for one $what', async ({ path, says }) => {
    const { status, stdout, stderr } = await workbench.bench(['dump', 'inspect', path(), '--on-bad-line', 'skip'])
    expect(stderr).toMatch(says)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  })
})

describe('mupdate-bench dump convert, sample and diff', () => {
  it('changes the form and nothing else', async () => {
    const made = await workbench.bench(['generate', 'bulk-500k', '--set', 'site.mailboxes=2000', '--format', 'text'])
    const text = workbench.file('site.txt', made.stdout)
    const json = join(workbench.out, '..', 'site.json')
    const converted = await workbench.bench(['dump', 'convert', text, '--to', 'json', '--output', json])
    expect(converted).toMatchObject({ status: 0, stdout: '', stderr: '' })
    const same = await workbench.bench(['dump', 'diff', text, json])
    expect(same.stdout).toMatch(/^[\d,]+ the same\n$/)
    expect(same.status).toBe(0)
    // Onto itself, of which nothing is lost.
    expect(await workbench.bench(['dump', 'convert', json, '--output', json])).toMatchObject({ status: 0 })
    expect((await workbench.bench(['dump', 'diff', text, json])).status).toBe(0)
    const back = await workbench.bench(['dump', 'convert', json, '--to', 'text'])
    expect(back.stdout).toBe(made.stdout)
    const asCommands = await workbench.bench(['dump', 'convert', json, '--to', 'commands'])
    expect(asCommands.stdout.match(/^X\d+ ACTIVATE /gm)?.length).toBe(made.stdout.trimEnd().split('\n').length)

    const sample = workbench.file(
      'sample.txt',
      (await workbench.bench(['dump', 'sample', text, '--share', '20%', '--to', 'text'])).stdout,
    )
    const less = await workbench.bench(['dump', 'diff', text, sample, '--json'])
    const { same: kept, differences } = JSON.parse(less.stdout)
    const all = made.stdout.trimEnd().split('\n').length
    expect(kept / all).toBeGreaterThan(0.1)
    expect(kept / all).toBeLessThan(0.3)
    expect(differences.map(({ count }: { count: number }) => count)).toEqual([all - kept, 0, 0, 0, 0])
    expect(less.status).toBe(4)
    // Each user with all that is his.
    const owners = (dump: string) =>
      new Map(
        dump
          .trimEnd()
          .split('\n')
          .map(line => [line.split('\t')[0]!, line]),
      )
    const sampled = owners((await workbench.bench(['dump', 'sample', text, '--share', '20%', '--to', 'text'])).stdout)
    const users = new Set([...sampled.keys()].filter(name => name.startsWith('user.')).map(name => name.split('.')[1]))
    for (const name of owners(made.stdout).keys())
      if (name.startsWith('user.') && users.has(name.split('.')[1])) expect(sampled.has(name), name).toBe(true)
  })

  it('compares nothing that is no mailbox, and says how many that were', async () => {
    const a = workbench.file('a.txt', 'user.a\t1 be1!p a\tl\t\nrubbish\n')
    const b = workbench.file('b.txt', 'user.a\t1 be1!p a\tl\t\n')
    const { status, stdout, stderr } = await workbench.bench(['dump', 'diff', a, b, '--on-bad-line', 'skip'])
    expect(stdout).toBe('1 the same\n')
    expect(stderr).toContain(`${a}: 1 lines that are no mailbox were left out, and not compared`)
    expect(status).toBe(0)
  })

  it('tells what is elsewhere, other, or there once only (4)', async () => {
    const a = workbench.file(
      'a.txt',
      'user.a\t1 be1!p a\tl\t\nuser.b\t1 be1!p b\tl\t\nuser.c\t1 be1!p c\tl\t\nuser.a-2\t1 be1!p a\tl\t\n',
    )
    const b = workbench.file(
      'b.txt',
      'user.d\t1 be1!p d\tl\t\nuser.b\t1 be2!p b\tl\t\nuser.c\t1 be1!p c\tlrs\t\nuser.a\t3 be1!p \nuser.a-2\t1 be1!p a\tl\t\n',
    )
    const { status, stdout } = await workbench.bench(['dump', 'diff', a, b])
    expect(stdout).toBe(`1 the same
1 only in the second:
  "user.d"
1 elsewhere:
  "user.b"
1 another state:
  "user.a"
1 another ACL:
  "user.c"
`)
    expect(status).toBe(4)
  })

  it('refuses to write where it is not known where a mailbox lies', async () => {
    const own = workbench.file('own.txt', 'user.a\t0 p a\tl\t\nuser.b\t16 p \n')
    const { status, stderr } = await workbench.bench(['dump', 'convert', own])
    expect(stderr).toMatch(
      /does not say where user\.a lies: it is a backend’s own\n {2}→ name that backend, with --server/,
    )
    expect(status).toBe(2)
    const named = await workbench.bench(['dump', 'convert', own, '--server', 'be1', '--to', 'text'])
    expect(named.stdout).toBe('user.a\t1 be1!p a\tl\t\n')
  })
})

describe('mupdate-bench dump anonymise', () => {
  it('changes all names, and only them; the same key changes them likewise', async () => {
    const made = await workbench.bench(['generate', 'bulk-500k', '--set', 'site.mailboxes=2000', '--format', 'text'])
    const [text, key] = [workbench.file('site.txt', made.stdout), workbench.file('key', 'nobody knows this one')]
    const args = ['dump', 'anonymise', text, '--to', 'text']
    const first = await workbench.bench([...args, '--key-file', key])
    expect(first.stdout).toHaveLength(made.stdout.length)
    expect((await workbench.bench([...args, '--key-file', key])).stdout).toBe(first.stdout)
    expect((await workbench.bench(args)).stdout).not.toBe(first.stdout)
    const inspect = async (path: string) =>
      JSON.parse((await workbench.bench(['dump', 'inspect', path, '--json'])).stdout)
    const { path: _1, most: _2, servers: of, odd: _3, ...before } = await inspect(text)
    const {
      path: _4,
      most: _5,
      servers,
      odd: _6,
      ...after
    } = await inspect(workbench.file('anonymous.txt', first.stdout))
    expect(after).toEqual(before)
    const sizes = (list: { mailboxes: number }[]) => list.map(({ mailboxes }) => mailboxes).sort()
    expect(sizes(servers)).toEqual(sizes(of))
    expect(first.stdout + first.stderr).not.toContain('nobody knows')
  })

  it('wants a key that is none to guess (2)', async () => {
    const { status, stderr } = await workbench.bench([
      'dump',
      'anonymise',
      workbench.file('a', 'user.a\t1 b!p \n'),
      '--key-file',
      workbench.file('key', 'x'),
    ])
    expect(stderr).toMatch(/key: 1 bytes are no secret\n {2}→ give 16 bytes or more/)
    expect(status).toBe(2)
  })
})
