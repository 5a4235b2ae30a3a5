import { describe, expect, it } from 'vitest'
import { parseMaster } from '../../src/cli/choose-master.js'
import { type GateSide, isSame } from '../../src/cli/gate-side.js'
import type { MasterFacts } from '../../src/cli/stored-runs.js'
import { loadProfile } from '../../src/profile/load.js'

const FACTS: MasterFacts = { kind: 'remote', version: '3.6.1', mailboxDatabase: 'unknown', settings: {}, binaries: {} }

function side(master: string): GateSide {
  return { label: master, choice: parseMaster(master), profile: loadProfile('smoke') }
}

describe('two sides of a gate', () => {
  it.each([
    ['mupdate://a@localhost:3905', 'mupdate://b@127.0.0.1:3905', true],
    ['mupdate://a@localhost', 'mupdates://a@LOCALHOST.:3905', true],
    ['mupdate://a@192.0.2.1', 'mupdate://b@192.0.2.1', true],
    ['mupdate://a@127.0.0.1:3905', 'mupdate://a@127.0.0.1:3906', false],
    ['mupdate://a@192.0.2.1', 'mupdate://a@192.0.2.2', false],
    ['mupdate://a@192.0.2.1', 'embedded', false],
    ['embedded', 'mupdate://a@192.0.2.1', false],
    ['embedded', 'embedded', true],
  ])('%s and %s are the same: %s', async (a, b, isOne) => {
    expect(await isSame(side(a), side(b), FACTS, FACTS)).toBe(isOne)
  })
})
