import type { CapacityAxis } from '../metrics/capacity-result.js'
import type { Objective, ObjectiveThreshold } from '../verdict/capacity/outcome.js'
import { parseThreshold } from '../verdict/threshold.js'
import { durationText, type Profile } from './load.js'
import { timedPhases } from './variation.js'

/** Share of the retry delay that a NOOP of a slave may take. */
const NOOP_SHARE = 1 / 4
/** What a user waits for a new mailbox without asking what is wrong. */
const CREATE_LIMIT = '1s'

/** What was asked for; else that no slave times out, and that neither NOOPs of slaves nor creates wait for long. */
export function objectiveOf(profile: Profile, axis: CapacityAxis, given: readonly string[]): Objective {
  const plannedRestarts = profile.phases
    .flatMap(({ events }) => events)
    .filter(event => event.do === 'restartMaster' || event.do === 'emptyMaster')
    .reduce((sum, { times = 1 }) => sum + times, 0)
  const thresholds = given.length > 0 ? given.map(text => ({ text, isOptional: false })) : defaults(profile, axis)
  return {
    thresholds: thresholds.map(({ text, isOptional }) => ({ ...parseThreshold(text), isOptional })),
    plannedRestarts,
  }
}

type Wanted = Pick<ObjectiveThreshold, 'text' | 'isOptional'>

function defaults(profile: Profile, axis: CapacityAxis): Wanted[] {
  const timed = timedPhases(profile).map(({ phase }) => phase)
  const noopLimit = durationText(profile.slaves.retryDelay * NOOP_SHARE)
  const [withSlaves, withBackends] = (['slaves', 'backends'] as const).map(runnable =>
    timed.filter(({ run }) => run.includes(runnable)),
  )
  const operation = axis === 'connections' ? 'find' : 'create'
  return [
    ...(withSlaves!.length > 0 ? [{ text: 'slaves.timeouts == 0', isOptional: false }] : []),
    ...withSlaves!.map(({ name }) => ({
      text: `${name}: NOOP.slave.responseTimeUs.p99 < ${noopLimit}`,
      isOptional: true,
    })),
    // A kick is a NOOP, and waits for the one before it.
    ...(axis === 'kicks'
      ? withSlaves!.map(({ name }) => ({ text: `${name}: KICK.responseTimeUs.p99 < ${noopLimit}`, isOptional: true }))
      : []),
    ...withBackends!.map(({ name }) => ({
      text: `${name}: ${operation}.responseTimeUs.p99 < ${CREATE_LIMIT}`,
      isOptional: true,
    })),
  ]
}
