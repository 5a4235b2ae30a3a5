import { z } from 'zod'
import { runResultSchema } from './run-result.js'

export const AXES = ['creates', 'slaves', 'mailboxes', 'resyncs', 'kicks', 'connections'] as const
/** What grows: creates per second, slaves, mailboxes, lists at once, kicks per second, new connections per second. */
export type Axis = (typeof AXES)[number]

const axis = z.enum(AXES)

const resource = z.enum([
  'mailboxes lock',
  'workers',
  'listen queue',
  'connections',
  'descriptors',
  'thread pegged',
  'disk sync',
  'network',
  'harness',
  'unknown',
])
/** What a limit comes from. */
export type LimitCause = z.infer<typeof resource>

const cause = z.strictObject({
  resource: resource.describe('what was used up'),
  because: z.string().describe('the figures that say so'),
  also: z.array(resource).describe('what was used up besides'),
  broken: z.array(z.string()).describe('what was not kept: thresholds with what was measured, and other failures'),
})

const figures = z
  .strictObject({
    mailboxes: z.int(),
    slaves: z.int(),
    dumpMs: z.number().nullable().describe('for how long one list held the lock'),
    noopSlaveP99Us: z.number().nullable().describe('the worst of the timed phases'),
    createP99Us: z.number().nullable().describe('the worst of the timed phases'),
    masterCores: z.number().nullable().describe('CPU of the master per second of the timed phases'),
    masterRssBytes: z.number().nullable().describe('its peak'),
    lowerBounds: z.array(z.enum(['noopSlaveP99Us', 'createP99Us'])).describe('those that may have been more'),
  })
  .describe('null: not measured')

const trial = z.strictObject({
  axis,
  at: z.number().nullable().describe('value of the first axis, where this trial varied the second; else null'),
  value: z.number(),
  length: z.enum(['short', 'full']).describe('short ones explore, full ones confirm'),
  seed: z.int(),
  outcome: z
    .enum(['held', 'failed', 'harness'])
    .describe('harness: it was the limit itself, nothing is known of the master'),
  marginal: z.boolean().describe('so near to a threshold that another trial might have come out otherwise'),
  objective: z.array(
    z.strictObject({
      threshold: z.string(),
      result: z.enum(['kept', 'broken', 'unmeasured']),
      value: z.number().nullable().describe('in the unit of the field'),
      share: z.number().nullable().describe('measured ÷ allowed; null where the threshold is no upper bound above 0'),
      lowerBound: z.boolean(),
    }),
  ),
  cause: cause.nullable().describe('null where it held'),
  figures,
  durationMs: z.number().describe('start and end of the master included; virtual time where it was simulated'),
  run: z.string().nullable().describe('its folder, from this file’s own'),
})

const limit = {
  limit: z.number().nullable().describe('largest load that held; null where none did'),
  low: z.number().nullable().describe('the same: lower end of the interval'),
  high: z.number().nullable().describe('smallest load at which the master failed; null where it did not'),
  beyond: z
    .enum(['failed', 'harness', 'range', 'budget'])
    .describe('above low: the master failed; the harness was the limit; nothing was asked for; there was no time'),
  ceiling: z.number().nullable().describe('smallest load above low at which the harness was the limit'),
  confirmed: z
    .strictObject({ low: z.boolean(), high: z.boolean() })
    .describe('whether full-length trials stand behind both ends'),
  isCutShort: z.boolean().describe('the budget, or an interruption, ended it before it was as exact as it could be'),
  doubtful: z.array(z.number()).describe('loads in between whose trials contradict one another'),
  cause: cause.nullable().describe('what broke first beyond low; null where nothing did'),
}

const law = z.strictObject({
  law: z.enum(['linear', 'usl']),
  coefficients: z
    .record(z.string(), z.number())
    .describe('linear: intercept + slope × x. usl: (1 + alpha (x − 1) + beta x (x − 1)) ÷ gamma'),
  residuals: z.array(z.number()).describe('of each fitted point, measured ÷ fitted − 1'),
  worstResidual: z.number().describe('the largest of them, without its sign'),
})

const cost = z.strictObject({
  measure: z.enum(['dumpMs', 'noopSlaveP99Us', 'createP99Us', 'masterCores', 'masterRssBytes']),
  against: axis,
  points: z.array(
    z.strictObject({
      x: z.number(),
      y: z.number(),
      isFitted: z.boolean().describe('trials that held, and no lower bounds'),
    }),
  ),
  fit: law.nullable().describe('null with fewer than three loads'),
})

/** `capacity.json`, and what `capacity --json` prints; its JSON Schema is `docs/capacity.schema.json`. */
export const capacityResultSchema = z.strictObject({
  schema: z.literal('mupdate-bench/capacity/1'),
  id: z.string(),
  profile: z.strictObject({ name: z.string(), seed: z.int() }),
  startedAt: z.string().describe('UTC, ISO 8601'),
  state: z.enum(['ended', 'interrupted']).describe('interrupted: goes on with --resume'),
  simulated: z.boolean().describe('in virtual time, against the model: no master, no load'),
  axis,
  ...limit,
  objective: z.array(z.string()).describe('thresholds that a load has to keep, and that the harness is not saturated'),
  budgetMs: z.number(),
  spentMs: z.number().describe('of the trials, together'),
  ownStreams: z
    .int()
    .describe('streaming connections of the harness’s own probes: each keeps a worker, beside the slaves’'),
  master: runResultSchema.shape.master
    .pick({ kind: true, version: true, mailboxDatabase: true, settings: true })
    .nullable()
    .describe('null where no trial came to its end'),
  predictions: z
    .array(
      z.strictObject({
        cause: resource,
        low: z.number().describe('all is well up to here'),
        high: z.number().describe('and not beyond this'),
        arithmetic: z.string(),
        agrees: z
          .boolean()
          .nullable()
          .describe('whether it lies where the limit was found; null where a lower limit comes before it'),
      }),
    )
    .describe('of formulas, from the settings and a calibration; beside the limit, never in place of it'),
  calibration: z.string().describe('where costs in the predictions come from'),
  frontier: z
    .strictObject({
      axis: axis.describe('the second one'),
      points: z.array(z.strictObject({ at: z.number().describe('of the first axis'), ...limit })),
    })
    .nullable(),
  trials: z.array(trial),
  costs: z.array(cost),
  harness: runResultSchema.shape.harness.omit({ pid: true }),
})

export type CapacityResult = z.infer<typeof capacityResultSchema>
export type CapacityTrial = z.infer<typeof trial>
export type CapacityCause = z.infer<typeof cause>
export type CapacityCost = z.infer<typeof cost>
export type CapacityFigures = z.infer<typeof figures>
export type CostLaw = z.infer<typeof law>
export type CapacityLimit = Pick<CapacityResult, keyof typeof limit>
export type CapacityAxis = z.infer<typeof axis>

/** A line of a search's journal: one trial, and the master it met. */
export const capacityJournalLineSchema = z.strictObject({
  trial,
  master: capacityResultSchema.shape.master.unwrap(),
})

export type CapacityJournalLine = z.infer<typeof capacityJournalLineSchema>
