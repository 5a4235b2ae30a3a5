import { z } from 'zod'

const estimate = z
  .strictObject({ low: z.number(), likely: z.number(), high: z.number() })
  .describe('between low and high; likely if one has to be named')

const possibility = z.enum(['cannot', 'can', 'must'])

const state = z.strictObject({
  name: z.enum(['today', 'planned']),
  mailboxes: z.int(),
  frontends: z.int(),
  slaves: z.int().describe('frontends, and backends of a unified murder'),
  createsPerSecond: z.number().nullable().describe('null: unknown'),
})

const cost = z.strictObject({
  name: z.enum(['list', 'merge', 'create']),
  state: z.enum(['today', 'planned']),
  title: z.string(),
  ms: estimate.nullable().describe('null: unknown'),
  basis: z.enum(['measured', 'calibration', 'unknown']),
  used: z.boolean().describe('false where a better one is known'),
  source: z.string().describe('where it comes from: this site, a calibration of which host, extrapolated how far'),
  short: z.string().describe('the same in a few words'),
})

const limit = z.strictObject({
  axis: z.string(),
  cause: z.string(),
  title: z.string(),
  state: z.enum(['today', 'planned']),
  now: z.number().nullable().describe('what the site has of it; null: unknown'),
  low: z.number().describe('all is well up to it'),
  high: z.number().describe('and not beyond it'),
  headroom: z.number().nullable().describe('low ÷ now; below 1: used up; null: unknown'),
  reachedOn: z.string().nullable().describe('day on which growth has used it up; null: not, or unknown'),
  arithmetic: z.string(),
})

const event = z.strictObject({
  kind: z.enum(['restart', 'masterRestart', 'massCreation', 'workerCliff', 'connections', 'descriptors']),
  state: z.enum(['today', 'planned']),
  title: z.string(),
  restarted: z.int().nullable(),
  timeOuts: possibility.describe('whether frontends time out (or are not served) by it'),
  thrash: possibility.describe('whether resyncs can cause resyncs by it'),
  margin: z
    .number()
    .nullable()
    .describe('share of what they bear that is left; below 0: so much is missing; null: no such figure'),
  arithmetic: z.string(),
  users: z.string().describe('what users would notice'),
})

const recommendation = z.strictObject({
  setting: z.string(),
  where: z.string(),
  current: z.string().nullable(),
  value: z.string(),
  change: z.boolean(),
  lowerBound: z.string().nullable(),
  arithmetic: z.string(),
  measurement: z.string(),
  price: z.string(),
})

/** What `plan --json` prints; its JSON Schema is `docs/plan.schema.json`. */
export const sitePlanSchema = z.strictObject({
  schema: z.literal('mupdate-bench/plan/1'),
  harnessVersion: z.string(),
  site: z.strictObject({
    path: z.string(),
    asOf: z.string().describe('the day on which it was so; dates are reckoned from it'),
    growthPerDay: z.number().nullable(),
    retryDelayMs: z.number(),
    bearsMs: z
      .strictObject({ surely: z.number(), streaming: z.number(), atMost: z.number() })
      .describe('stalls that an established slave bears; streaming: surely, while changes reach it all the time'),
    states: z.array(state).min(1),
  }),
  calibration: z.strictObject({
    madeAt: z.string(),
    master: z.string(),
    mailboxDatabase: z.string(),
    mailboxes: z.int(),
    host: z.string(),
    relation: z.enum(['same CPU model', 'another host', 'unknown']).describe('of its host to the site’s master'),
  }),
  summary: z.array(z.string()),
  breaksFirst: z.string().nullable().describe('title of the event; null where none of them does'),
  costs: z.array(cost),
  limits: z.array(limit),
  events: z.array(event),
  recommendations: z.array(recommendation),
  users: z.array(z.string()),
  unknown: z.array(z.string()).describe('what the site does not say, and which flag of plan init or key gives it'),
})

export type SitePlan = z.infer<typeof sitePlanSchema>
export type PlanState = SitePlan['site']['states'][number]
export type PlanCost = SitePlan['costs'][number]
export type PlanLimit = SitePlan['limits'][number]
export type PlanEvent = SitePlan['events'][number]
export type Recommendation = SitePlan['recommendations'][number]
