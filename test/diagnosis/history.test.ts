import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { life, tell } from './frontend-life.js'
import { FORMATS, WITHOUT_HOST } from './log-formats.js'
import { diagnoseLogs } from './reading.js'

const ORIGIN_MS = Date.parse('2026-11-20T22:00:00Z')

describe.each(Object.keys(FORMATS))('logs as %s', format => {
  it('give back what the frontends went through, in whatever pieces they come', () => {
    fc.assert(
      fc.property(
        fc.array(life, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 300 }),
        (lives, pieceBytes) => {
          const told = lives.map((one, i) => tell(one, `fe${i}`, ORIGIN_MS))
          const lines = told.flatMap(({ lines }) => lines).sort((a, b) => a.atMs - b.atMs)
          const result = diagnoseLogs([{ name: 'all', bytes: FORMATS[format](lines) }], { pieceBytes })
          expect(result.frontends).toHaveLength(lives.length)
          for (const [i, { expected }] of told.entries())
            expect(result.frontends[i]).toMatchObject({ name: `fe${i}`, ...expected(lines.at(-1)!.atMs) })
          expect(result.sources[0]).toMatchObject({ mupdateLines: lines.length, unreadLines: 0 })
          expect(result.unknownLines).toEqual([])
        },
      ),
      { numRuns: 30 },
    )
  })
})

it('a log for each frontend, which names none, a rotated one in two, and one of them twice, are the same', () => {
  fc.assert(
    fc.property(fc.array(life, { minLength: 2, maxLength: 3 }), fc.nat(), (lives, cut) => {
      const told = lives.map((one, i) => tell(one, `fe${i}.log`, ORIGIN_MS))
      const [first, ...others] = told.map(({ lines }, i) => ({ name: `fe${i}.log`, bytes: WITHOUT_HOST(lines) }))
      const at = cut % told[0].lines.length
      // Of two logs of one and the same second nobody knows which was first.
      fc.pre(at === 0 || told[0].lines[0].atMs < told[0].lines.at(-1)!.atMs)
      const parts = [told[0].lines.slice(at), told[0].lines.slice(0, at)].map(lines => WITHOUT_HOST(lines))
      const result = diagnoseLogs([
        ...parts.map(bytes => ({ name: first.name, bytes })),
        ...others,
        ...others.map(({ name, bytes }) => ({ name, bytes })),
      ])
      for (const [i, { expected }] of told.entries())
        expect(result.frontends[i]).toMatchObject(expected(told[i].lines.at(-1)!.atMs))
    }),
    { numRuns: 50 },
  )
})
