import { afterEach, beforeEach, expect, it } from 'vitest'
import { FollowedProcess } from '../../src/samplers/followed-process.js'
import { ProcDir } from './proc-dir.js'

let proc: ProcDir
let nowNs: number
let found: number | undefined
let searches: number
let followed: FollowedProcess

beforeEach(() => {
  proc = new ProcDir()
  nowNs = 0
  found = 7
  searches = 0
  const find = () => {
    searches++
    return found
  }
  followed = new FollowedProcess({ find, clock: { nowNs: () => nowNs }, procDir: proc.path })
})
afterEach(() => proc.remove())

it('looks for it once, while it is there', () => {
  proc.process(7, 0, {})
  expect([followed.pid(), followed.pid()]).toEqual([7, 7])
  nowNs = 10e9
  expect(followed.pid()).toBe(7)
  expect(searches).toBe(1)
})

it('looks for another when it is gone, once a second at most', () => {
  proc.process(7, 0, {})
  followed.pid()
  proc.remove('7')
  nowNs = 5e9
  found = undefined
  expect([followed.pid(), followed.pid()]).toEqual([undefined, undefined])
  expect(searches).toBe(2)
  found = 8
  proc.process(8, 0, {})
  nowNs = 5.9e9
  expect(followed.pid()).toBeUndefined()
  nowNs = 6e9
  expect(followed.pid()).toBe(8)
})

it('takes none that has only its number', () => {
  proc.process(7, 0, {}, 1)
  followed.pid()
  proc.process(7, 0, {}, 2)
  found = undefined
  nowNs = 2e9
  expect(followed.pid()).toBeUndefined()
})

it('has none that went while it was found', () => {
  expect(followed.pid()).toBeUndefined()
})
