import { loadCalibration } from '../../src/masters/model/load-calibration.js'
import type { SitePlan } from '../../src/metrics/site-plan-result.js'
import { planOfSite } from '../../src/site/plan.js'
import { readSite } from '../../src/site/read-site.js'
import type { SiteDocument } from '../../src/site/schema.js'

/** The site of the report that this project began with. */
export const SEED: SiteDocument = {
  schema: 'mupdate-bench/site/1',
  asOf: '2010-07-12',
  mailboxes: 500_000,
  slaves: { frontends: 12, retryDelay: '20s' },
  master: { settings: { mupdate_workers_max: 50 } },
  planned: { mailboxes: 600_000 },
}

export function planOf(changed: Partial<SiteDocument> = {}): SitePlan {
  return planOfSite({
    site: readSite(JSON.stringify({ ...SEED, ...changed }), 'site.yaml'),
    path: 'site.yaml',
    calibration: loadCalibration(),
    harnessVersion: '0.1.0',
  })
}
