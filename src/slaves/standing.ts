import type { SlaveMove, SlaveMoveKind } from '../metrics/interval.js'

/** What a slave is at, as people see it. */
export const STANDINGS = ['streaming', 'dumping', 'merging', 'connecting', 'timed out'] as const
export type Standing = (typeof STANDINGS)[number]

/** Undefined: it is not there any more. */
const AFTER: Readonly<Record<SlaveMoveKind, Standing | undefined>> = {
  joined: 'connecting',
  connecting: 'connecting',
  dump: 'dumping',
  listed: 'merging',
  ready: 'streaming',
  'timed-out': 'timed out',
  dropped: 'connecting',
  refused: 'connecting',
  restarted: 'connecting',
  left: undefined,
}

/** How many slaves are at what: the sum of their moves so far. */
export class Standings {
  private readonly bySlave = new Map<number, Standing>()
  private readonly numbers = new Map<Standing, number>()

  add(moves: readonly SlaveMove[]): void {
    for (const { slave, kind } of moves) {
      this.count(this.bySlave.get(slave), -1)
      const after = AFTER[kind]
      this.count(after, 1)
      if (after === undefined) this.bySlave.delete(slave)
      else this.bySlave.set(slave, after)
    }
  }

  /** Slaves that have moved at all and have not left. */
  get known(): number {
    return this.bySlave.size
  }

  get counts(): Record<Standing, number> {
    return Object.fromEntries(STANDINGS.map(standing => [standing, this.numbers.get(standing) ?? 0])) as Record<
      Standing,
      number
    >
  }

  private count(standing: Standing | undefined, change: 1 | -1): void {
    if (standing !== undefined) this.numbers.set(standing, (this.numbers.get(standing) ?? 0) + change)
  }
}
