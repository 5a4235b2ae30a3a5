import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type LiveState, NOTHING_YET, withEvent } from '../../src/cli/live-state.js'
import { liveView } from '../../src/cli/live-view.js'
import { sparkline } from '../../src/report/sparkline.js'
import { widthOf } from '../../src/core/text-width.js'

const text = fc
  .array(fc.constantFrom('a', 'µ', '█', '漢', '🙂', 'e\u0301', ' ', '\x1b[2J', '\n'), { maxLength: 40 })
  .map(signs => signs.join(''))
const micros = fc.option(fc.double({ min: 1, max: 3.6e9, noNaN: true }), { nil: undefined })
const seconds = fc.array(micros, { maxLength: 250 })
const count = fc.nat(2_000_000)
const standings = fc.record({ streaming: count, dumping: count, merging: count, connecting: count, 'timed out': count })

const states: fc.Arbitrary<LiveState> = fc.record(
  {
    title: text,
    phase: fc.record({
      name: text,
      number: fc.nat(20),
      count: fc.nat(20),
      goneS: fc.nat(1e5),
      lengthS: fc.nat(1e5),
      isLimit: fc.boolean(),
    }),
    noopP99Us: seconds,
    masterCores: fc.array(fc.option(fc.double({ min: 0, max: 64, noNaN: true }), { nil: undefined })),
    noop: fc.record({
      p50: fc.double({ min: 1, max: 3.6e9, noNaN: true }),
      p99: fc.double({ min: 1, max: 3.6e9, noNaN: true }),
      max: fc.double({ min: 1, max: 3.6e9, noNaN: true }),
      lowerBounds: fc.subarray<'p50' | 'p99' | 'max'>(['p50', 'p99', 'max']),
    }),
    peggedShare: fc.double({ min: 0, max: 1, noNaN: true }),
    load: fc.record({ offeredPerSecond: count, donePerSecond: count, createsPerSecond: count, waiting: count }),
    preload: fc.record({ mailboxes: count, perSecond: count }),
    slaves: fc.record({ count, standings }),
    agents: fc.array(
      fc.record({
        id: text,
        name: text,
        cpuCores: fc.option(fc.double({ min: 0, max: 64, noNaN: true })),
        silentMs: fc.nat(5_000),
        isLost: fc.boolean(),
      }),
    ),
    events: fc.array(text, { maxLength: 6 }),
  },
  { requiredKeys: ['title', 'noopP99Us', 'masterCores', 'events'] },
)

const STORM: LiveState = {
  title: 'resync-storm',
  phase: { name: 'storm', number: 3, count: 5, goneS: 15, lengthS: 60, isLimit: false },
  noopP99Us: [...Array(30).fill(200), undefined, 5000, 900_000],
  masterCores: [0.1, 0.2, 1],
  noop: { p50: 212, p99: 900_000, max: 1.2e6, lowerBounds: ['p99', 'max'] },
  peggedShare: 0.75,
  load: { offeredPerSecond: 50, donePerSecond: 12, createsPerSecond: 5, waiting: 38 },
  slaves: {
    count: 38,
    standings: { streaming: 30, dumping: 1, merging: 2, connecting: 0, 'timed out': 5 },
  },
  events: ['slave-timed-out: slave 3: connection to master timed out after 2.0 s of silence'],
}

describe('a sparkline', () => {
  it('goes from nothing to the greatest', () => {
    expect(sparkline([0, 1, 2, 4, 8], 10)).toBe('▁▁▂▄█')
    expect(sparkline([1, undefined, 1], 10)).toBe('█ █')
    expect(sparkline([1, 2, 3], 2)).toBe('▆█')
    expect(sparkline([0.1], 4, 1)).toBe('▁')
    expect(sparkline([1], 0)).toBe('')
  })
})

describe('the live view', () => {
  it('is never wider or higher than the terminal', () => {
    fc.assert(
      fc.property(states, fc.integer({ min: 1, max: 250 }), fc.integer({ min: 1, max: 30 }), (state, columns, rows) => {
        for (const colour of [false, true]) {
          const lines = liveView(state, columns, rows, colour)
          expect(lines.length).toBeLessThanOrEqual(rows)
          for (const line of lines) expect(widthOf(line), JSON.stringify(line)).toBeLessThanOrEqual(columns)
          // Nothing of what others wrote steers the terminal.
          expect(lines.join('')).not.toMatch(/\n|\x1b(?!\[[0-9;]*m)/)
        }
      }),
    )
  })

  it('shows a storm at 80 columns', () => {
    expect(`\n${liveView(STORM, 80, 24, false).join('\n')}\n`).toMatchInlineSnapshot(`
      "
      resync-storm 3/5 storm █████░░░░░░░░░░░░░░░ 45 s left
      NOOP p99    ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁ ▁█ ≥ 900 ms p50 212 µs max ≥ 1.20 s
      master CPU  ▁▂█ 1.00 cores pegged 75 %
      operations  50/s offered, 12/s done (5 creates) 38 under way
      slaves      30/38 streaming 1 dumping 2 merging 5 timed out
      slave-timed-out: slave 3: connection to master timed out after 2.0 s of silence
      "
    `)
  })

  it('shows agents, those first that one has to look at', () => {
    const agent = { id: 'aa', name: 'fe1', cpuCores: 0.4, silentMs: 100, isLost: false }
    const agents = [agent, { ...agent, name: 'fe2', silentMs: 1_400 }, { ...agent, name: 'fe3', isLost: true }]
    const line = (columns: number, colour = false) => liveView({ ...STORM, agents }, columns, 24, colour)[5]
    expect(line(80)).toBe('agents      2/3 there fe3 lost fe2 silent for 1.4 s fe1 0.40 cores')
    expect(line(30)).toBe('2/3 there fe3 lost')
    expect(line(80, true)).toContain('\x1b[31mfe3 lost\x1b[39m')
  })

  it('keeps the figures at 30 columns', () => {
    expect(`\n${liveView(STORM, 30, 24, false).join('\n')}\n`).toMatchInlineSnapshot(`
      "
      3/5 storm ██░░░░░ 45 s left
      NOOP p99    ▁▁▁▁ ▁█ ≥ 900 ms
      master CPU  ▁▂█ 1.00 cores
      operations  12/s done
      30/38 streaming 5 timed out
      slave-timed-out: slave 3: con…
      "
    `)
  })

  it('has colours only if it may', () => {
    expect(liveView(STORM, 80, 24, false).join('')).not.toContain('\x1b')
    expect(liveView(STORM, 80, 24, true).join('')).toContain('\x1b[31m5 timed out\x1b[39m')
  })

  it('keeps the phase and NOOP where there are two rows', () => {
    const lines = liveView(STORM, 80, 2, false)
    expect(lines).toHaveLength(2)
    expect(lines[0]).toContain('storm')
    expect(lines[1]).toContain('NOOP')
  })

  it('says that nothing has begun', () => {
    expect(liveView({ title: 'smoke', ...NOTHING_YET }, 80, 24, false)).toEqual(['smoke: starting'])
  })

  it('shows the last events', () => {
    const state = ['a', 'b', 'c', 'd', 'e'].reduce(withEvent, { title: 'smoke', ...NOTHING_YET } as LiveState)
    expect(liveView(state, 80, 24, false).slice(1)).toEqual(['b', 'c', 'd', 'e'])
    expect(liveView(state, 80, 3, false).slice(1)).toEqual(['d', 'e'])
  })
})
