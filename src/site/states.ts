import type { PlanState } from '../metrics/site-plan-result.js'
import { modelSettings, type ModelSettings } from '../masters/model/settings.js'
import { settingOf } from './cyrus-files.js'
import type { Site } from './schema.js'

/** The site as it is, and as it is to be where that is another. */
export function statesOf(site: Site): PlanState[] {
  const { planned, slaves, mailboxes, operations } = site
  const today = stateOf('today', mailboxes, slaves.frontends, site, operations.createsPerSecond)
  if (planned.mailboxes === null && planned.frontends === null && planned.createsPerSecond === null) return [today]
  const then = stateOf(
    'planned',
    planned.mailboxes ?? mailboxes,
    planned.frontends ?? slaves.frontends,
    site,
    planned.createsPerSecond ?? operations.createsPerSecond,
  )
  return [today, then]
}

function stateOf(
  name: PlanState['name'],
  mailboxes: number,
  frontends: number,
  { slaves }: Site,
  createsPerSecond: number | null,
): PlanState {
  return {
    name,
    mailboxes,
    frontends,
    slaves: frontends + slaves.unifiedBackends,
    createsPerSecond,
  }
}

/** `mupdate_mupdate_workers_max` stands above `mupdate_workers_max`, as in imapd.conf. */
export function settingsOf({ master }: Site): ModelSettings {
  const names = Object.keys(master.settings).map(name => name.replace(/^mupdate_(?=mupdate_)/, ''))
  return modelSettings(
    Object.fromEntries(
      names.flatMap(name => {
        const value = settingOf(master.settings, name)
        return value === undefined ? [] : [[name, value]]
      }),
    ),
  )
}
