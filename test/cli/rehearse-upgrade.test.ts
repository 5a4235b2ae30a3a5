import { afterAll, describe, expect, it } from 'vitest'
import { Workbench } from './bench.js'

const workbench = new Workbench()
afterAll(() => workbench.remove())

describe('rehearse-upgrade', () => {
  it.each([
    ['nothing of the old master', [], /what does the old master hold/],
    ['a route that there is not', ['--dump', 'x', '--route', 'downgrade'], /no such route/],
    ['another master than a Cyrus', ['--dump', 'x', '--to', 'embedded'], /--to embedded: no build of Cyrus/],
    ['old programs without a database', ['--dump', 'x', '--from', 'cyrus:/opt/old'], /--from has nothing to dump/],
    ['a setting that is none', ['--dump', 'x', '--set', 'mboxlist_db'], /no line of imapd\.conf/],
    ['a setting of the harness’s own', ['--dump', 'x', '--set', 'servername=a'], /is set by the harness itself/],
    ['a dump that is not there', ['--dump', '/nonexistent/dump'], /cannot read \/nonexistent\/dump/],
    ['a dump that can be read once only', ['--dump', '-'], /--dump -: a dump is read several times/],
    [
      'a frontend’s that is not there',
      ['--dump', 'x', '--frontend-database', '/nonexistent/db'],
      /cannot read \/nonex/,
    ],
    ['a database that is not there', ['--database', '/nonexistent/db'], /cannot read \/nonexistent\/db/],
  ])('refuses %s, and starts nothing', async (_, args, message) => {
    const { status, stdout, stderr } = await workbench.bench(['rehearse-upgrade', ...args])
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/\n {2}→ /)
    expect([status, stdout]).toEqual([2, ''])
  })
})
