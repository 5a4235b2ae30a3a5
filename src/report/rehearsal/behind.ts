import { formatCount } from '../../core/units.js'
import { doneSteps, type Rehearsal } from './rehearsal.js'
import { doneOf } from './rollback.js'

/** Each command of a push follows the answer before: its rate is one that it does not exceed. */
const UNPACED: readonly string[] = ['push', 'undo']
/** A step that takes longer than its rate says, by this part and this much for its beginning and end, was not done at that rate. */
const LATE_SHARE = 0.1
const LATE_MS = 200

/** @returns a sentence for each step that fell behind its rate: that it was done says nothing of that rate */
export function fallenBehind(rehearsal: Rehearsal): string[] {
  return doneSteps(rehearsal)
    .filter(({ kind, copies }) => !UNPACED.includes(kind) && copies !== true)
    .flatMap(({ name, mailboxesPerSecond, phase: { steps, durationMs } }) => {
      const mailboxes = Math.max(0, ...Object.values(steps).map(doneOf))
      const plannedMs = (mailboxes * 1e3) / mailboxesPerSecond
      if (durationMs <= plannedMs * (1 + LATE_SHARE) + LATE_MS) return []
      const done = formatCount(Math.round((mailboxes * 1e3) / durationMs))
      return [`${name}: ${done} mailboxes a second were done, not ${formatCount(mailboxesPerSecond)}`]
    })
}
