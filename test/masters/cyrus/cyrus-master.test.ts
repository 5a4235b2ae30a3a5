import { describe, expect, it } from 'vitest'
import { cyrusMaster, plainVersion } from '../../../src/masters/cyrus/cyrus-master.js'

describe('plainVersion', () => {
  it.each([
    ['3.6.1-4+deb12u3-Debian-3.6.1-4+deb12u3', '3.6.1'],
    ['v2.4.22', '2.4.22'],
    ['3.13.0-beta0-12-gabc', '3.13.0'],
    ['git-1234', 'git-1234'],
  ])('reads %s as %s', (banner, version) => {
    expect(plainVersion(banner)).toBe(version)
  })
})

describe('a Cyrus that was not started', () => {
  it('can be stopped, and says that it has no address yet', async () => {
    const master = cyrusMaster()
    await master.stop()
    expect(master.pid()).toBeUndefined()
    expect(() => master.address).toThrow('has not been started')
    await expect(master.start()).rejects.toThrow()
  })
})
