import type { RunResult } from '../../metrics/run-result.js'

/** What says that the master was lost, against the profile's plans. */
export interface Death {
  /** Whatever the harness was busy with: this was not its doing. */
  readonly isCertain: boolean
  readonly failures: readonly string[]
  /** Connections of slaves that it ended, where nobody saw it restarted: all that is seen of a remote one's death. */
  readonly dropped: number
}

/** A remote master that drops so many of its slaves has died. */
const MOST = 0.5

export function deathOf({ master, phases, slaves }: RunResult, plannedRestarts: number): Death {
  const isRemote = master.kind === 'remote'
  // Nobody restarts a remote one, whatever the profile plans.
  const planned = isRemote ? 0 : plannedRestarts
  const unplanned = master.restarts - planned
  const lost = phases.filter(({ ended }) => ended === 'lost')
  const dropped = planned === 0 && unplanned === 0 ? Math.max(0, slaves.drops - slaves.timeouts) : 0
  return {
    isCertain:
      unplanned > 0 ||
      lost.length > 0 ||
      (isRemote && dropped > 1 && dropped >= MOST * slaves.count) ||
      slaves.conditions.some(({ name }) => name === 'descriptors-exhausted'),
    failures: [
      ...lost.map(({ name }) => `${name}: the master was lost`),
      ...(unplanned > 0 ? [`the master was restarted ${unplanned === 1 ? 'once' : `${unplanned} times`}`] : []),
    ],
    dropped,
  }
}
