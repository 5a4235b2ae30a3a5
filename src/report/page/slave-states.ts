import type { SlaveLine } from '../../metrics/second-line.js'
import type { SlaveRow } from './page-data.js'

/** By letter, the least serious first. `gone` is drawn as nothing. */
export const SLAVE_STATES = {
  '-': 'gone',
  s: 'streaming',
  m: 'merging',
  c: 'connecting',
  d: 'dumping',
  l: 'lost',
  t: 'timed out',
} as const

export type StateLetter = keyof typeof SLAVE_STATES
export const STATE_LETTERS = Object.keys(SLAVE_STATES) as StateLetter[]

const AFTER: Readonly<Record<string, StateLetter>> = {
  joined: 'c',
  connecting: 'c',
  dump: 'd',
  listed: 'm',
  ready: 's',
  'timed-out': 't',
  dropped: 'l',
  refused: 'l',
  restarted: 'l',
  left: '-',
}

/** Follows slaves through what they meet. */
export class SlaveTracks {
  private readonly tracks = new Map<number, { lastMs: number; stepsMs: number[]; states: string }>()

  /** By time. */
  add({ slave, kind, atMs }: SlaveLine): void {
    const state = AFTER[kind]
    if (state === undefined) return
    const ms = Math.max(0, Math.round(atMs))
    const track = this.tracks.get(slave) ?? { lastMs: 0, stepsMs: [], states: '' }
    this.tracks.set(slave, track)
    if (track.states.at(-1) === state) return
    // Some go in no time, such as merging where there is nothing to merge.
    if (track.states !== '' && ms === track.lastMs) {
      track.states = track.states.slice(0, -1) + state
      return
    }
    track.stepsMs.push(ms - track.lastMs)
    track.states += state
    track.lastMs = ms
  }

  /** One that was followed before, to be followed on. */
  restore({ slave, stepsMs, states }: SlaveRow): void {
    const lastMs = stepsMs.reduce((sum, step) => sum + step, 0)
    this.tracks.set(slave, { lastMs, stepsMs: [...stepsMs], states })
  }

  get rows(): SlaveRow[] {
    return [...this.tracks]
      .sort(([a], [b]) => a - b)
      .map(([slave, { stepsMs, states }]) => ({ slave, stepsMs, states }))
  }

  /** How many stand where now. */
  counts(): Record<StateLetter, number> {
    const counts = Object.fromEntries(STATE_LETTERS.map(letter => [letter, 0])) as Record<StateLetter, number>
    for (const { states } of this.tracks.values()) counts[(states.at(-1) ?? '-') as StateLetter]++
    return counts
  }
}

/**
 * The same in spans of a fixed length, each with the worst that the slave went through in it: short connections may go,
 * time-outs never do.
 */
export function coarsened(row: SlaveRow, binMs: number): SlaveRow {
  const stepsMs: number[] = []
  let states = ''
  let lastMs = 0
  const put = (bin: number, state: string) => {
    if (states.at(-1) === state) return
    stepsMs.push(bin * binMs - lastMs)
    lastMs = bin * binMs
    states += state
  }
  let atMs = 0
  let held: StateLetter = '-'
  let bin = 0
  let worst: StateLetter = '-'
  for (const [i, step] of row.stepsMs.entries()) {
    atMs += step
    const nextBin = Math.floor(atMs / binMs)
    if (nextBin > bin) {
      put(bin, worst)
      if (nextBin > bin + 1) put(bin + 1, held)
      bin = nextBin
      worst = held
    }
    held = row.states[i] as StateLetter
    if (seriousness(held) > seriousness(worst)) worst = held
  }
  put(bin, worst)
  put(bin + 1, held)
  return { slave: row.slave, stepsMs, states }
}

function seriousness(state: StateLetter): number {
  return STATE_LETTERS.indexOf(state)
}
