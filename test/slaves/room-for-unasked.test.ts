import { describe, expect, it } from 'vitest'
import { Catalogue } from '../../src/slaves/catalogue.js'
import { DELETE, RESERVE, RecordSpan } from '../../src/wire/record-scanner.js'

/** So many that there is room for few mailboxes. */
const HOLDERS = 1e6

function span(name: string, kind: typeof RESERVE | typeof DELETE = RESERVE): RecordSpan {
  const record = new RecordSpan()
  record.bytes = Buffer.from(`${name}x`, 'latin1')
  record.kind = kind
  record.nameEnd = name.length
  record.locationStart = kind === RESERVE ? name.length : 0
  record.locationEnd = kind === RESERVE ? name.length + 1 : 0
  return record
}

/** @returns how many of them it took */
function taken(catalogue: Catalogue, names: Iterable<string>): number {
  let count = 0
  try {
    for (const name of names) {
      catalogue.identify(span(name), -1)
      count++
    }
  } catch (error) {
    expect(error).toMatchObject({ code: 'WIRE_LIMIT', message: expect.stringMatching(/mailboxes/) })
  }
  return count
}

function* endless(): Generator<string> {
  for (let i = 0; i < 10_000; i++) yield `user.u${i}`
}

describe('a catalogue', () => {
  it('takes as many mailboxes that nobody here has made as there is memory for', () => {
    const [few, more] = [taken(new Catalogue(0, HOLDERS), endless()), taken(new Catalogue(0, HOLDERS / 2), endless())]
    expect(few).toBeGreaterThan(50)
    expect(more).toBeGreaterThan(1.9 * few)
    expect(more).toBeLessThan(2.1 * few)
  })

  it('takes all that were expected, too', () => {
    expect(taken(new Catalogue(5000, HOLDERS), endless())).toBe(10_000)
  })

  it('takes what it knows without end', () => {
    const catalogue = new Catalogue(0, HOLDERS)
    for (let i = 0; i < 10_000; i++) {
      catalogue.identify(span(`user.u${i % 10}`), -1)
      catalogue.identify(span(`user.u${i % 10}`, DELETE), -1)
    }
    expect(catalogue.names).toBe(10)
  })

  it('takes what is made here without end', () => {
    const catalogue = new Catalogue(0, HOLDERS)
    for (let i = 0; i < 2000; i++) {
      const made = { name: `user.u${i}`, location: 'x', acl: '', state: 'reserved' as const }
      catalogue.mutate(made.name, made, i + 1)
      catalogue.identify(span(made.name), -1)
    }
    expect(catalogue.names).toBe(2000)
  })
})
