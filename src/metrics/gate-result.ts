import { z } from 'zod'
import { runResultSchema } from './run-result.js'

const side = z.strictObject({
  median: z.number(),
  low: z.number().describe('of the median’s 95 % interval; the least value below 6 runs'),
  high: z.number(),
  values: z.array(z.number()).describe('of each run, in their order'),
  bounded: z.boolean().describe('some of them are lower bounds'),
})

const metric = z.strictObject({
  name: z.string(),
  title: z.string(),
  unit: z.enum(['s', 'µs', '/s', 'bytes', 'count']),
  better: z.enum(['less', 'more']),
  gating: z.boolean().describe('it decides; the others are shown'),
  paired: z.boolean(),
  a: side,
  b: side,
  ratio: z
    .number()
    .nullable()
    .describe(
      'B ÷ A: the median over pairs, or over all pairs of runs (Hodges and Lehmann), less what `harness` says the machine added; null where a value is 0',
    ),
  measuredRatio: z
    .number()
    .nullable()
    .default(null)
    .describe(
      'the same with nothing taken out; a pass wants this below the minimum effect too, and a regression worse',
    ),
  ci: z
    .tuple([z.number(), z.number()])
    .nullable()
    .describe('95 % interval of the ratio; null where the runs are too few for one'),
  p: z.number().describe('one-sided: B looks so much worse by chance (Wilcoxon’s signed ranks, or Mann and Whitney)'),
  pBetter: z.number(),
  pAdjusted: z.number().nullable().describe('p after Holm’s correction over the gating ones; null for the others'),
  effect: z
    .number()
    .describe('-1 to 1: matched-pairs rank-biserial correlation, or Cliff’s delta; above 0: B is greater'),
  missing: z.number().describe('share of the runs without this figure'),
  harness: z
    .strictObject({
      share: z.number().describe('per cent of the measure for each per cent of the harness’s own CPU'),
      ratio: z.number().describe('the harness’s CPU for the same work, B ÷ A'),
      p: z.number().describe('two-sided: it differs so much by chance'),
      used: z
        .boolean()
        .describe(
          'taken out of ratio, interval and p; not where B may be why it differs, nor where pairs then differ more',
        ),
    })
    .nullable()
    .default(null)
    .describe('the harness has the same work on both sides: what it needed tells how the machine was'),
  minimumEffect: z.number().describe('share by which B has to be worse for a regression'),
  smallestDetectable: z
    .number()
    .nullable()
    .describe('least share by which B could be worse so that 8 of 10 such gates would find it'),
  result: z.enum(['regression', 'improvement', 'pass', 'inconclusive']),
  reason: z.string(),
})

const damage = z.strictObject({
  kind: z.enum(['crash', 'lost', 'refused', 'differences', 'away', 'uncompared', 'thrash', 'failed']),
  runs: z.int(),
  of: z.int(),
  text: z.string(),
})

const measured = z.strictObject({
  label: z.string().describe('what was given: a master and its settings, or the folder of a baseline'),
  master: runResultSchema.shape.master.pick({
    kind: true,
    version: true,
    mailboxDatabase: true,
    settings: true,
    binaries: true,
  }),
  runs: z.array(z.string()).describe('their folders, as they were given or from this file’s own'),
})

/** `gate.json`, and what `compare --json` prints; its JSON Schema is `docs/gate.schema.json`. */
export const gateResultSchema = z.strictObject({
  schema: z.literal('mupdate-bench/gate/1'),
  command: z.enum(['gate', 'compare']),
  id: z.string(),
  profile: z.strictObject({ name: z.string(), seed: z.int() }),
  startedAt: z.string().describe('UTC, ISO 8601'),
  durationMs: z.number(),
  state: z.enum(['ended', 'interrupted']),
  result: z.enum(['pass', 'fail', 'inconclusive', 'invalid']),
  reasons: z.array(z.string()),
  pairs: z.int().nullable().describe('asked for beforehand; null where stored runs are compared'),
  paired: z.boolean(),
  aa: z.boolean().describe('both sides are the same: what is found is noise'),
  level: z.number().describe('greatest p of a regression'),
  a: measured,
  b: measured,
  pinned: z.record(z.string(), z.string()).describe('settings whose defaults differ between the two, set to one value'),
  discarded: z
    .array(z.strictObject({ pair: z.int(), side: z.enum(['a', 'b']), run: z.string(), reasons: z.array(z.string()) }))
    .describe('runs in which the harness was the limit: their pairs were measured again'),
  failedStarts: z
    .strictObject({ a: z.int(), b: z.int() })
    .default({ a: 0, b: 0 })
    .describe('tries that came to no run: the master did not start, or nobody could log in'),
  damage: z.strictObject({ a: z.array(damage), b: z.array(damage) }),
  metrics: z.array(metric),
  harness: runResultSchema.shape.harness.omit({ pid: true }),
})

export type GateResult = z.infer<typeof gateResultSchema>
export type GateMetric = z.infer<typeof metric>
