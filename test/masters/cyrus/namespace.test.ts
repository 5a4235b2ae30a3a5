import { describe, expect, it } from 'vitest'
import { launchWords } from '../../../src/masters/cyrus/namespace.js'

const CYRUS = { name: 'cyrus', uid: 103, gid: 8, drop: true }
const SELF = { name: 'joe', uid: 1000, gid: 100, drop: false }

describe('launchWords', () => {
  it.each([
    ['mount', CYRUS],
    ['none', CYRUS],
  ] as const)('root drops to cyrus last (%s)', (isolation, account) => {
    const words = launchWords(account, '/dev/shm/x', isolation)
    expect(words.slice(-6)).toEqual(['setpriv', '--reuid=103', '--regid=8', '--init-groups', '--pdeathsig', 'TERM'])
  })

  it('an ordinary user is mapped back to itself, since mupdate refuses to be root', () => {
    const words = launchWords(SELF, '/dev/shm/x', 'user').join(' ')
    expect(words).toMatch(/^unshare --user --map-root-user --mount sh -c/)
    expect(words).toMatch(/unshare --user --map-user=1000 --map-group=100 setpriv --pdeathsig TERM$/)
  })
})
