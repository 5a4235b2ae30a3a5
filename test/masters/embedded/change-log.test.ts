import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChangeLog, NO_SERVER } from '../../../src/masters/embedded/change-log.js'
import { spanOf, spanText } from '../../../src/masters/embedded/span.js'

function read(log: ChangeLog, from: number, to = log.end): string[] {
  const names: string[] = []
  log.read(from, to, name => names.push(spanText(name)))
  return names
}

describe('ChangeLog', () => {
  it('gives back any part of what was appended and not trimmed', () => {
    const lengths = fc.array(fc.oneof(fc.nat(40), fc.nat(20_000)), { maxLength: 60 })
    fc.assert(
      fc.property(lengths, fc.nat(), fc.nat(), fc.nat(), (lengths, a, b, c) => {
        const log = new ChangeLog()
        const names = lengths.map((length, i) => `${i}${'n'.repeat(length)}`)
        for (const name of names) log.append(spanOf(name))
        const [trimmed, from, to] = [a, b, c].map(n => n % (names.length + 1)).sort((x, y) => x - y)
        log.trim(trimmed)
        expect(log.start).toBeLessThanOrEqual(trimmed)
        expect(read(log, from, to)).toEqual(names.slice(from, to))
      }),
    )
  })

  it('keeps names twice that change twice, and the servers they were and are on', () => {
    const log = new ChangeLog()
    log.append(spanOf('a'), 1, 2)
    log.append(spanOf('a'))
    const entries: unknown[] = []
    log.read(0, 2, (name, before, after) => entries.push([spanText(name), before, after]))
    expect(entries).toEqual([
      ['a', 1, 2],
      ['a', NO_SERVER, NO_SERVER],
    ])
  })

  it('forgets what all have read, and its memory with it', () => {
    const log = new ChangeLog()
    for (let i = 0; i < 100_000; i++) log.append(spanOf(`user.u${i}`))
    expect(log.retainedBytes).toBeGreaterThan(1_000_000)
    log.trim(99_990)
    expect(log.retainedBytes).toBeLessThan(100_000)
    expect(read(log, 99_998)).toEqual(['user.u99998', 'user.u99999'])
    log.trim(log.end)
    expect(log.retainedBytes).toBe(0)
    log.append(spanOf('next'))
    expect(read(log, 100_000)).toEqual(['next'])
  })

  it('tells when a segment begins, which is when to trim', () => {
    const log = new ChangeLog()
    const begun = Array.from({ length: 5000 }, () => log.append(spanOf('x'))).filter(Boolean)
    expect(begun).toHaveLength(3)
  })
})
