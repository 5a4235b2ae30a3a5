import type { RunResult } from '../metrics/run-result.js'

/** What a run broke, beyond being slow. */
export interface Damage {
  readonly kind: 'crash' | 'lost' | 'differences' | 'away' | 'thrash'
  /** Runs in which it was so. */
  readonly runs: number
  readonly of: number
  readonly text: string
}

const KINDS: Readonly<Record<Damage['kind'], { readonly text: string; of(run: RunResult): boolean }>> = {
  crash: { text: 'the master was restarted', of: ({ master }) => master.restarts > 0 },
  lost: { text: 'the master was lost', of: ({ phases }) => phases.some(({ ended }) => ended === 'lost') },
  differences: {
    text: 'mailboxes were lost, or slaves held others than they should',
    of: ({ slaves }) => slaves.comparisons.some(({ differenceCount }) => (differenceCount ?? 0) > 0),
  },
  away: {
    text: 'slaves did not come through to be compared',
    of: ({ slaves }) => slaves.comparisons.some(({ away }) => away.length > 0),
  },
  thrash: { text: 'frontends thrashed to the end', of: ({ slaves }) => slaves.thrash.state === 'sustained' },
}

/** What happened in any of the runs of one side. */
export function damageOf(runs: readonly RunResult[]): Damage[] {
  return Object.entries(KINDS).flatMap(([kind, { text, of }]) => {
    const count = runs.filter(of).length
    if (count === 0) return []
    return [
      {
        kind: kind as Damage['kind'],
        runs: count,
        of: runs.length,
        text: `${text} in ${count} of ${runs.length} runs`,
      },
    ]
  })
}

export function isDamaged(run: RunResult): boolean {
  return damageOf([run]).length > 0
}

/** What the one side did and the other never. */
export function damagedOnlyIn(these: readonly Damage[], those: readonly Damage[]): Damage[] {
  return these.filter(({ kind }) => !those.some(other => other.kind === kind))
}
