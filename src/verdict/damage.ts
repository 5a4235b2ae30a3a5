import type { RunResult } from '../metrics/run-result.js'

/** What a run broke, beyond being slow. */
export interface Damage {
  readonly kind: 'crash' | 'lost' | 'refused' | 'differences' | 'away' | 'uncompared' | 'thrash' | 'failed'
  /** Runs in which it was so. */
  readonly runs: number
  readonly of: number
  readonly text: string
}

/** What a profile means to happen. */
export interface Allowance {
  readonly restarts: number
  readonly expects: readonly ('thrash' | 'away' | 'differences')[]
}

export const NO_ALLOWANCE: Allowance = { restarts: 0, expects: [] }

interface Kind {
  readonly text: string
  of(run: RunResult, allowance: Allowance): boolean
}

const KINDS: Readonly<Record<Damage['kind'], Kind>> = {
  crash: { text: 'the master was restarted', of: ({ master }, { restarts }) => master.restarts > restarts },
  lost: { text: 'the master was lost', of: ({ phases }) => phases.some(({ ended }) => ended === 'lost') },
  refused: {
    text: 'operations were answered NO or BAD',
    of: ({ total }) => Object.values(total.operations).some(({ failed }) => failed > 0),
  },
  differences: {
    text: 'mailboxes were lost, or slaves held others than they should',
    of: ({ slaves }, { expects }) =>
      !expects.includes('differences') && slaves.comparisons.some(({ differenceCount }) => (differenceCount ?? 0) > 0),
  },
  away: {
    text: 'slaves did not come through to be compared',
    of: ({ slaves }, { expects }) => !mayBeAway(expects) && slaves.comparisons.some(({ away }) => away.length > 0),
  },
  uncompared: {
    text: 'slaves could not be compared with what they should hold',
    of: ({ slaves, state }, { expects }) =>
      state === 'ended' && !mayBeAway(expects) && slaves.comparisons.some(({ failure }) => failure !== null),
  },
  thrash: {
    text: 'frontends thrashed to the end',
    of: ({ slaves }, { expects }) => !expects.includes('thrash') && slaves.thrash.state === 'sustained',
  },
  // A master gone at the end, a phase that did not get there, mailboxes missing in a list: the verdict knows.
  failed: { text: 'the run failed beyond its thresholds', of: ({ verdict }) => failuresOf(verdict).length > 0 },
}

/** Runs of before had them among their reasons, and only where they were not invalid. */
function failuresOf({ result, reasons, failures, thresholds }: RunResult['verdict']): readonly string[] {
  if (failures !== undefined) return failures
  return result === 'fail' ? reasons.filter(reason => !thresholds.some(threshold => threshold.reason === reason)) : []
}

function mayBeAway(expects: Allowance['expects']): boolean {
  return expects.includes('away') || expects.includes('thrash')
}

/** What happened in any of the runs of one side, and was not meant to. */
export function damageOf(runs: readonly RunResult[], allowance: Allowance): Damage[] {
  const damages = runs.map(run => ({ run, kinds: kindsOf(run, allowance) }))
  return KIND_NAMES.flatMap(kind => {
    const damaged = damages.filter(({ kinds }) => kinds.includes(kind)).map(({ run }) => run)
    if (damaged.length === 0) return []
    const { text } = KINDS[kind]
    const why = kind === 'failed' ? `: ${failuresOf(damaged[0].verdict)[0]}` : ''
    return [
      {
        kind,
        runs: damaged.length,
        of: runs.length,
        text: `${text} in ${damaged.length} of ${runs.length} runs${why}`,
      },
    ]
  })
}

const KIND_NAMES = Object.keys(KINDS) as Damage['kind'][]

/** A verdict that another kind explains says nothing of its own: in A it would excuse what B alone did. */
function kindsOf(run: RunResult, allowance: Allowance): Damage['kind'][] {
  const kinds = KIND_NAMES.filter(kind => KINDS[kind].of(run, allowance))
  return kinds.length > 1 ? kinds.filter(kind => kind !== 'failed') : kinds
}

export function isDamaged(run: RunResult, allowance: Allowance): boolean {
  return damageOf([run], allowance).length > 0
}

/** What the one side did and the other never. */
export function damagedOnlyIn(these: readonly Damage[], those: readonly Damage[]): Damage[] {
  return these.filter(({ kind }) => !those.some(other => other.kind === kind))
}
