import { describe, expect, it } from 'vitest'
import { type RouteRehearsed, upgradeText } from '../../src/report/upgrade/upgrade.js'

const GO: RouteRehearsed = {
  route: 'convert',
  of: 'old.txt',
  verdict: 'go',
  reasons: [],
  expected: 1000,
  listed: 998,
  losses: { dropped: { count: 2, first: ['user.new'] } },
  failure: null,
  loadMs: 1500,
  startMs: 500,
  tellMs: 0,
  frontend: { mailboxes: 998, readyMs: 62.5 },
  log: [],
}
const NO_GO: RouteRehearsed = {
  ...GO,
  route: 'in-place',
  of: 'old.db',
  verdict: 'no-go',
  reasons: ['the list is EMPTY'],
  listed: 0,
  losses: { missing: { count: 1000, first: ['user.a', 'user.b\x1b[31m'] } },
  frontend: null,
  log: [
    { count: 1000, line: "ctl_cyrusdb: Failed to open mailbox 'user.a'" },
    { count: 1, line: 'ctl_cyrusdb: DBERROR' },
  ],
}
const OLD = { source: 'old.txt', mailboxes: 1000, reserved: 2 }

describe('upgradeText', () => {
  it('has each route with its count and verdict, why, and what to do', () => {
    const text = upgradeText({ old: OLD, to: 'cyrus: 3.6.1', routes: [NO_GO, GO], take: 'convert' })
    expect(text).toContain('the old master: 1,000 mailboxes, 2 of them reserved (old.txt)')
    expect(text).toMatch(/^in-place +2\.00 s +1,000 +0 {2}NO-GO$/m)
    expect(text).toMatch(/^convert +2\.00 s +1,000 +998 {2}GO$/m)
    expect(text).toContain(
      `  log, 1,000 times: ctl_cyrusdb: Failed to open mailbox 'user.a'\n  log: ctl_cyrusdb: DBERROR\n  no frontend was let in`,
    )
    expect(text).toContain('2 reserved gone, as at every start')
    expect(text).toContain('a frontend that was let in has 998, after 62.5 ms')
    expect(text).toMatch(/\n→ convert: .*dump convert OLD --to json \| ctl_mboxlist -u/)
    // What is in a name does nothing to a terminal.
    expect(text).not.toContain('\x1b')
  })

  it('advises none where none is a go', () => {
    expect(upgradeText({ old: OLD, to: 'cyrus', routes: [NO_GO], take: null })).toMatch(/\n→ none of these/)
  })

  it('says of a master that did not come to count that it did not', () => {
    const died = { ...NO_GO, listed: null, reasons: ['it died'], losses: {} }
    expect(upgradeText({ old: OLD, to: 'cyrus', routes: [died], take: null })).toMatch(/^in-place.* – {2}NO-GO$/m)
  })
})
