import { formatDurationUs } from '../../core/units.js'
import type { MetricSummary } from '../../metrics/run-result.js'
import { type DoneStep, doneSteps, type Part, type Rehearsal } from './rehearsal.js'
import { basisOf } from './basis.js'

interface Rollback {
  /** All of it; undefined where it was not gone to its end. */
  readonly whole: { readonly ms: number; readonly forwardMs: number } | undefined
  /** From earlier on, in proportion to the operations that it takes. */
  readonly earlier: readonly { readonly after: string; readonly ms: number }[]
}

/** The way back, as far as it is known. */
export function rollbackOf(rehearsal: Rehearsal): Rollback {
  const steps = doneSteps(rehearsal)
  const back = steps.findIndex(({ kind }) => kind === 'undo')
  const phase = steps[back]?.phase
  if (phase?.ended !== 'condition') return { whole: undefined, earlier: [] }
  const forward = steps.slice(0, back)
  const [first] = steps
  const whole = { ms: phase.durationMs, forwardMs: phase.startMs - first!.phase.startMs }
  const all = operationsOf(forward)
  // Where mail is copied, time does not go by operations.
  const some = forward.some(({ copies }) => copies === true) ? [] : forward.slice(0, -1)
  const earlier = some.map(({ label }, i) => ({
    after: label,
    ms: all === 0 ? 0 : (whole.ms * operationsOf(forward.slice(0, i + 1))) / all,
  }))
  return { whole, earlier }
}

export function rollbackPart(rehearsal: Rehearsal): Part {
  return { title: 'Turning back', lines: rollbackLines(rehearsal) }
}

function rollbackLines(rehearsal: Rehearsal): string[] {
  const { steps, run } = rehearsal
  if (!steps.some(({ kind }) => kind === 'undo'))
    return ['the way back was not rehearsed: --undo does it, and times it']
  const { whole, earlier } = rollbackOf(rehearsal)
  if (whole === undefined) return ['the way back was not gone to its end: how long it takes is not known']
  const time = (ms: number) => formatDurationUs(ms * 1e3)
  if (isPartial(rehearsal))
    return [`the way back took ${time(whole.ms)} for a part of it: how long all of it takes is not known`]
  const { full } = basisOf(run)
  return [
    `the way back takes ${time(whole.ms)} for all of it (${full})`,
    `last moment to begin it: ${time(whole.ms)} before the night is over, and sooner by what you want to have in hand`,
    ...(run.resumes === undefined
      ? [
          `all steps and then all of the way back: ${time(whole.forwardMs + whole.ms)} (${full}); a shorter night has no room for both`,
        ]
      : ['it was broken off, and gone on with: how long all steps take is not known']),
    ...(run.resumes === undefined ? earlier : []).map(
      ({ after, ms }) => `turning back after ${after}: about ${time(ms)} (extrapolated)`,
    ),
  ]
}

/** Not all steps were done before it, or it was broken off itself, and gone on with. */
function isPartial(rehearsal: Rehearsal): boolean {
  const { steps, brokenOff = [] } = rehearsal
  const forward = steps.filter(({ kind }) => kind !== 'undo')
  const done = doneSteps(rehearsal).filter(({ kind, phase }) => kind !== 'undo' && phase.ended === 'condition')
  return done.length < forward.length || steps.some(({ kind, name }) => kind === 'undo' && brokenOff.includes(name))
}

/** What has to be put back; a list that was pushed changes nothing of what the steps were about. */
function operationsOf(steps: readonly DoneStep[]): number {
  return steps
    .filter(({ kind }) => kind !== 'push')
    .flatMap(({ phase }) => Object.values(phase.steps))
    .reduce((sum, metric) => sum + doneOf(metric), 0)
}

export function doneOf({ count, failed, unfinished }: MetricSummary): number {
  return count - failed - unfinished
}
