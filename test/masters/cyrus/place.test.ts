import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { chooseParent, descriptorsFor, freePort, placeOf } from '../../../src/masters/cyrus/place.js'

const limits = (hard: string) => `Max open files            1024                 ${hard}                files\n`

describe('descriptorsFor', () => {
  it.each([
    ['20000', 4096],
    ['unlimited', 4096],
    ['2048', 2048],
  ])('with a limit of %s gives %d', (hard, given) => {
    expect(descriptorsFor(900, limits(hard))).toBe(given)
  })

  it('says what is needed where it does not suffice', () => {
    expect(() => descriptorsFor(900, limits('512'))).toThrow(
      'a process may open 512 files, Cyrus needs 1000 for 900 connections',
    )
  })
})

describe('chooseParent', () => {
  it('refuses a directory of the other kind', () => {
    const other = placeOf(tmpdir()) === 'tmpfs' ? 'disk' : 'tmpfs'
    expect(() => chooseParent(other, tmpdir())).toThrow(`no ${other} there`)
  })

  it('refuses a directory that is not there', () => {
    expect(() => chooseParent('disk', '/nowhere/at/all')).toThrow('/nowhere/at/all: no disk there')
  })
})

describe('freePort', () => {
  it('gives one that can be listened on', async () => {
    expect(await freePort()).toBeGreaterThan(1023)
  })
})
