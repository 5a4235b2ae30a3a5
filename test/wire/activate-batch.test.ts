import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MailboxRecord } from '../../src/core/mailbox.js'
import { ActivateBatch } from '../../src/wire/activate-batch.js'
import { encodeCommand } from '../../src/wire/encode.js'

/** Bytes as names and ACLs have them; few locations and ACLs, so that neighbours often share theirs. */
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map(array => Buffer.from(array).toString('latin1'))
const record: fc.Arbitrary<MailboxRecord> = fc.record({
  name: fc.oneof(bytes(490), fc.constantFrom('user.a', 'user.b.Sent')),
  location: fc.constantFrom('be1.example.com!default', 'be2!p', ''),
  acl: fc.oneof(fc.constantFrom('', 'bob\tlrs\t', 'x\tp\t'), bytes(30_000)),
  state: fc.constantFrom('active' as const, 'active' as const, 'reserved' as const),
})

function expected(first: number, records: readonly MailboxRecord[]): string {
  const kinds = { active: 'ACTIVATE', reserved: 'RESERVE' } as const
  return records.map((each, i) => encodeCommand(`X${first + i}`, { kind: kinds[each.state], ...each })).join('')
}

describe('ActivateBatch', () => {
  it('writes what encodeCommand writes, batch after batch', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(record, { maxLength: 8 }), fc.boolean()), { maxLength: 5 }),
        fc.constantFrom(0, 8, 98, 999_999, 2 ** 31),
        (rounds, first) => {
          const batch = new ActivateBatch()
          let tag = first
          const kept: { given: Uint8Array; text: string }[] = []
          for (const [records, giveAway] of rounds) {
            const text = expected(tag, records)
            for (const each of records) batch.add(tag++, each)
            const given = batch.take()
            expect(Buffer.from(given).toString('latin1')).toBe(text)
            if (!giveAway) continue
            batch.giveAway()
            kept.push({ given, text })
          }
          // What a socket kept is not written over.
          for (const { given, text } of kept) expect(Buffer.from(given).toString('latin1')).toBe(text)
        },
      ),
    )
  })
})
