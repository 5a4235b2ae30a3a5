import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { Workbench } from './bench.js'

const workbench = new Workbench()
afterAll(() => workbench.remove())

/** Cyrus 2.4 wrote so. */
const MASTER = `user.a\t1 be1!p a\tl\t
user.b\t1 be2!p b\tl\t
user.c\t1 be9!p c\tl\t
user.d\t1 be1!q d\tl\t
user.e\t1 be1!p e\tlrs\t
user.f\t3 be1!p 
user.g\t1 be1!p g\tl\t
user.h\t1 be1!p h\tl\t
user.i\t1 be2!p i\tl\t
`
const BE1 = `user.a\t0 p a\tl\t
user.b\t0 p b\tl\t
user.c\t0 p c\tl\t
user.d\t0 p d\tl\t
user.e\t0 p e\tl\t
user.f\t0 p f\tl\t
user.g\t8 p g\tl\t
user.h\t16 p 
user.i\t0 p i\tl\t
user.new\t0 p new\tl\t
`
const BE2 = `user.i\t0 p i\tl\t
user.new\t0 p new\tl\t
`

function dumps(): [string, string, string] {
  return [
    workbench.file('master.gz', gzipSync(MASTER)),
    `be1=${workbench.file('be1.txt', BE1)}`,
    `be2=${workbench.file('be2.txt', BE2)}`,
  ]
}

describe('mupdate-bench dump reconcile', () => {
  it('tells what each run pushes, deletes from the master, and DELETES here (4)', async () => {
    const given = dumps()
    const { status, stdout, stderr } = await workbench.bench(['dump', 'reconcile', ...given])
    expect(stdout.replaceAll(`${workbench.directory}/`, '')).toBe(`master.gz: 9 mailboxes

be1, be1.txt: 9 mailboxes
  1 the same on the master
  1 pushed: the master does not know them:
    "user.new"
  1 pushed: on another partition there:
    "user.d"
  1 pushed: another ACL there:
    "user.e"
  1 pushed: only reserved there:
    "user.f"
  1 no longer flagged as moving, and pushed:
    "user.g"
  1 deleted from the master: not on this backend:
    "user.h"
  1 DELETED here: the master has them on be2, where they are NOT:
    "user.b"
  1 DELETED here: the master has them on be9, of which there is no dump:
    "user.c"
  1 DELETED here: the master has them on be2, where they are:
    "user.i"

be2, be2.txt: 2 mailboxes
  1 the same on the master
  1 deleted from the master: not on this backend:
    "user.b"
  1 DELETED here: the master has them on be1, where they are:
    "user.new"

be9: 1 mailboxes of the master, not judged: no dump of it

4 would be DELETED on backends: --names wiped tells all; ctl_mboxlist -m -a would push them instead
`)
    expect({ status, stderr }).toEqual({ status: 4, stderr: '' })
  })

  it('says the same as JSON, and names alone', async () => {
    const given = dumps()
    const json = await workbench.bench(['dump', 'reconcile', ...given, '--json'])
    const found = JSON.parse(json.stdout)
    expect(found).toMatchObject({
      master: { mailboxes: 9, notJudged: [{ server: 'be9', mailboxes: 1 }] },
      wiped: 4,
      unified: false,
    })
    expect(found.backends[0]).toMatchObject({ server: 'be1', mailboxes: 9, elsewhere: 0, diesAt: null })
    expect(found.backends[0].fates).toContainEqual({
      ...{ fate: 'wiped', server: 'be2', copy: 'missing' },
      ...{ count: 1, first: ['user.b'] },
    })
    const named = async (what: string) => workbench.bench(['dump', 'reconcile', ...given, '--names', what])
    expect(await named('wiped')).toEqual({
      status: 4,
      stdout: 'be1\tuser.b\nbe1\tuser.c\nbe1\tuser.i\nbe2\tuser.new\n',
      stderr: '',
    })
    expect((await named('pushed')).stdout).toBe('be1\tuser.d\nbe1\tuser.e\nbe1\tuser.f\nbe1\tuser.new\n')
    expect((await named('unflagged')).stdout).toBe('be1\tuser.g\n')
    expect((await named('removed')).stdout).toBe('be1\tuser.h\nbe2\tuser.b\n')
  })

  it('ends with 0 where nothing is deleted, whatever is pushed', async () => {
    const [master] = dumps()
    const { status, stdout } = await workbench.bench([
      'dump',
      'reconcile',
      master,
      `be2=${workbench.file('be2.txt', 'user.b\t0 p b\tl\t\nuser.z\t0 p z\tl\t\n')}`,
    ])
    expect(stdout).toMatch(/1 pushed: the master does not know them:\n {4}"user\.z"/)
    expect(stdout).not.toContain('DELETED')
    expect(status).toBe(0)
  })

  it('deletes nothing in a unified murder, and says where one may be meant', async () => {
    const master = workbench.file('master.txt', 'user.a\t1 be1!p a\tl\t\nuser.b\t1 be2!p b\tl\t\n')
    const slave = `be1=${workbench.file('slave.txt', 'user.a\t0 p a\tl\t\nuser.b\t1 be2!p b\tl\t\n')}`
    const standard = await workbench.bench(['dump', 'reconcile', master, slave])
    expect(standard.stdout).toMatch(/1 of them on other servers: for a unified murder say so, by --unified\n/)
    expect(standard.stdout).toMatch(/1 DELETED here/)
    expect(standard.status).toBe(4)
    const unified = await workbench.bench(['dump', 'reconcile', master, slave, '--unified'])
    expect(unified.stdout).toMatch(/1 the same on the master\n {2}1 left alone: the master has them on be2\n/)
    expect(unified.stdout).not.toMatch(/DELETED|--unified/)
    expect(unified.status).toBe(0)
  })

  it('says where a run dies, since the dumps are in different orders (4)', async () => {
    const lines = ['user.a\t1 be1!p a\tl\t', 'user.a-b\t1 be1!p a\tl\t', 'user.a.b\t1 be1!p a\tl\t', '']
    const master = workbench.file('old.txt', lines.join('\n'))
    const [a, second, third] = lines.map(line => line.replace('1 be1!', '0 '))
    const given = [master, `be1=${workbench.file('new.txt', [a, third, second, ''].join('\n'))}`]
    const { status, stdout } = await workbench.bench(['dump', 'reconcile', ...given])
    expect(stdout).toMatch(/1 behind it, not looked at\n {2}DIES at "user\.a\.b", "mupdate said not us/)
    expect(status).toBe(4)
    const names = await workbench.bench(['dump', 'reconcile', ...given, '--names', 'wiped'])
    expect(names).toMatchObject({ status: 4, stdout: '' })
    expect(names.stderr).toMatch(/^be1: the run dies at "user\.a\.b"/)
  })

  it('knows a backend by what its dump says, or is told', async () => {
    const [master, , be2] = dumps()
    const own = workbench.file('own.txt', 'user.i\t1 be2!p i\tl\t\nuser.b\t1 be2!p b\tl\t\n')
    const { status, stdout } = await workbench.bench(['dump', 'reconcile', master, own])
    expect(stdout).toMatch(/^be2, .*own\.txt: 2 mailboxes$/m)
    // In another order than the master has it.
    expect(stdout).toMatch(/DIES at "user\.i"/)
    expect(status).toBe(4)
    const refused = async (...given: string[]) => {
      const { status: exit, stdout: out, stderr } = await workbench.bench(['dump', 'reconcile', ...given])
      expect({ status: exit, stdout: out }).toEqual({ status: 2, stdout: '' })
      return stderr
    }
    const nameless = workbench.file('be2.txt', BE2)
    expect(await refused(master, nameless)).toMatch(
      /names no server: which backend is it\?\n {2}→ name it: be1\.example/,
    )
    expect(await refused(master, workbench.file('m.txt', MASTER))).toMatch(/names 3 servers: which backend/)
    expect(await refused(master, `be1=${own}`)).toMatch(/all its mailboxes lie on be2, none on be1\n/)
    expect(await refused(master, be2, own)).toMatch(/be2 is given twice\n/)
    expect(await refused(nameless, be2)).toMatch(/does not say where user\.i lies: it is no master’s\n/)
    expect(await refused(master, 'be1=/no/such')).toMatch(/cannot read \/no\/such/)
    expect(await refused(master, `be1=${workbench.file('bad.txt', 'user.a\t0 p a\tl\t\nwhat\n')}`)).toMatch(
      /bad\.txt:2:5: no tab/,
    )
    const skipped = await workbench.bench([
      'dump',
      'reconcile',
      master,
      `be1=${workbench.file('bad.txt', 'user.a\t0 p a\tl\t\nwhat\n')}`,
      '--on-bad-line',
      'skip',
    ])
    expect(skipped).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/bad\.txt: 1 lines that are no mailbox were left out/),
    })
    expect(await refused(master)).toMatch(/missing required argument 'backends'/)
  })
})
