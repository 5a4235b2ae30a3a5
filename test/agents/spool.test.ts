import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import type { Output } from '../../src/agents/protocol.js'
import { readSpool, Spool, SpoolReader } from '../../src/agents/spool.js'

const folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-spool-'))
afterAll(() => rmSync(folder, { recursive: true }))
let spools = 0
const newSpool = () => new Spool(join(folder, `${spools++}.spool`))

const died = (i: number): Output => ({ kind: 'died', shard: `load-${i}`, message: 'x'.repeat((i * 37) % 300) })

it('is put together again, whatever chunks come twice, late, or never', () => {
  const chunks = fc.array(fc.record({ from: fc.nat(4000), length: fc.nat(700) }), { maxLength: 40 })
  fc.assert(
    fc.property(chunks, taken => {
      const spool = newSpool()
      const said = Array.from({ length: 20 }, (_, i) => died(i))
      const all = Buffer.concat(said.map(output => Buffer.from(spool.add(output))))
      const heard: Output[] = []
      const reader = new SpoolReader(output => heard.push(output))
      for (const { from, length } of taken) {
        const before = reader.at
        const isMissing = reader.take(Math.min(from, all.length), all.subarray(from, from + length))
        expect(isMissing).toBe(Math.min(from, all.length) > before)
        expect(heard).toEqual(said.slice(0, heard.length))
      }
      // Its disk has what did not come.
      while (reader.at < spool.length) expect(reader.take(reader.at, spool.read(reader.at))).toBe(false)
      expect(heard).toEqual(said)
      spool.close()
    }),
    { numRuns: 50 },
  )
})

it('tells of what is missing at its end too', () => {
  const spool = newSpool()
  const reader = new SpoolReader(() => {})
  spool.add(died(1))
  expect(reader.take(spool.length, new Uint8Array())).toBe(true)
  expect(reader.take(0, spool.read(0))).toBe(false)
  expect(reader.take(spool.length, new Uint8Array())).toBe(false)
  spool.close()
})

it.each([
  { what: 'longer than anybody has to say', bytes: Buffer.from([0xff, 0xff, 0xff, 0x7f]) },
  { what: 'that cannot be read', bytes: Buffer.from([3, 0, 0, 0, 1, 2, 3]) },
])('takes nothing after an entry $what', ({ bytes }) => {
  const spool = newSpool()
  const heard: Output[] = []
  const reader = new SpoolReader(output => heard.push(output))
  reader.take(0, spool.add(died(1)))
  expect(reader.isBroken).toBe(false)
  reader.take(spool.length, bytes)
  expect(reader.isBroken).toBe(true)
  expect(reader.take(spool.length + bytes.length, spool.add(died(2)))).toBe(false)
  expect(heard).toEqual([died(1)])
  spool.close()
  writeFileSync(spool.path, bytes)
  expect(() => readSpool(spool.path)).toThrow(`${spool.path} is damaged after 0 entries`)
})
