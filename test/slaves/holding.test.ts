import { describe, expect, it } from 'vitest'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import { Catalogue } from '../../src/slaves/catalogue.js'
import { Holding } from '../../src/slaves/holding.js'

const NAMES = 40_000
const record = (i: number, acl = 'anyone lrs'): MailboxRecord => ({
  name: `user.u${i}`,
  location: 'b1!default',
  acl,
  state: 'active',
})

describe('a holding', () => {
  it('keeps what it has when there are more mailboxes than were thought of', () => {
    const catalogue = new Catalogue()
    const grows = new Holding(catalogue)
    const versions: number[] = []
    // Begun while there were none; from the last to the first, so that pages come in an unusual order too.
    for (let i = 0; i < NAMES; i++) versions.push(catalogue.known(record(i)))
    for (let i = 0; i < NAMES; i += 7) grows.set(versions[i]!)
    for (let i = NAMES - 1; i >= 0; i--) grows.set(versions[i]!)
    const knew = new Holding(catalogue)
    for (const version of versions) knew.set(version)
    expect(grows.count).toBe(NAMES)
    expect(grows.equals(knew)).toBe(true)
    for (let name = 0; name < NAMES; name++) expect(grows.at(name)).toBe(versions[name])
    expect(grows.at(NAMES + 100_000)).toBe(-1)
  })

  it('tells one that differs in one mailbox', () => {
    const catalogue = new Catalogue()
    const [a, b] = [new Holding(catalogue), new Holding(catalogue)]
    for (let i = 0; i < 1000; i++) for (const each of [a, b]) each.set(catalogue.known(record(i)))
    expect(a.equals(b)).toBe(true)
    const before = a.set(catalogue.known(record(500, 'anyone lrsp')))
    expect(before).toBe(b.at(500))
    expect(a.equals(b)).toBe(false)
    expect(a.count).toBe(1000)
  })
})
