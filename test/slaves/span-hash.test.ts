import { describe, expect, it } from 'vitest'
import { SpanHash } from '../../src/slaves/span-hash.js'
import { MAILBOX, RESERVE, RecordSpan } from '../../src/wire/record-scanner.js'

function hashOf(name: string, location: string, acl: string, kind: RecordSpan['kind'] = MAILBOX): string {
  const hash = new SpanHash()
  const span = new RecordSpan()
  span.bytes = Buffer.from(`??${name}${location}${acl}`, 'latin1')
  span.kind = kind
  span.nameStart = 2
  span.nameEnd = span.locationStart = 2 + name.length
  span.locationEnd = span.aclStart = span.nameEnd + location.length
  span.aclEnd = span.bytes.length
  hash.record(span)
  return `${hash.lo} ${hash.hi}`
}

describe('hashes of records', () => {
  it('differ where one byte does, wherever it is', () => {
    const text = 'user.abcdefghijklmnopqrstuvwxyz'
    const hashes = new Set([hashOf(text, 'be1!default', 'a\tlrs\t')])
    let made = 1
    for (let at = 0; at < text.length; at++) {
      for (let byte = 0; byte < 256; byte++) {
        if (byte === text.charCodeAt(at)) continue
        hashes.add(
          hashOf(text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1), 'be1!default', 'a\tlrs\t'),
        )
        made++
      }
    }
    expect(hashes.size).toBe(made)
  })

  it('differ among 200,000 like those of a site, and so do their halves, as far as 32 bits can', () => {
    const hashes = Array.from({ length: 200_000 }, (_, i) =>
      hashOf(`user.u${i}.Sent`, `be${i % 7}!p${i % 3}`, `u${i}\tlrs\t`),
    )
    expect(new Set(hashes).size).toBe(hashes.length)
    // By chance 5 pairs share a half.
    for (const half of [0, 1]) {
      expect(new Set(hashes.map(hash => hash.split(' ')[half])).size).toBeGreaterThan(hashes.length - 50)
    }
  })

  it('differ where bytes move from one part to the next, and between a reserved and an active mailbox', () => {
    const hashes = [
      hashOf('user.a', 'be1!p', 'x'),
      hashOf('user.ab', 'e1!p', 'x'),
      hashOf('user.a', 'be1!px', ''),
      hashOf('user.a', 'be1!p', ''),
      hashOf('user.a', 'be1!p', '', RESERVE),
    ]
    expect(new Set(hashes).size).toBe(hashes.length)
  })
})
