import type { Profile } from '../profile/load.js'
import type { Allowance } from '../verdict/damage.js'

/** What a profile means to happen: nobody is to blame for it. */
export function allowanceOf({ phases, expects }: Pick<Profile, 'phases' | 'expects'>): Allowance {
  const restarts = phases
    .flatMap(({ events }) => events)
    .filter(event => event.do === 'restartMaster' || event.do === 'emptyMaster')
    .reduce((sum, { times = 1 }) => sum + times, 0)
  return { restarts, expects }
}
