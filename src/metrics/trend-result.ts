import { z } from 'zod'

const change = z.strictObject({
  index: z.int().describe('of the first run after it'),
  run: z.string().describe('the folder of that run'),
  at: z.string().describe('when that run began, UTC'),
  before: z.number().describe('mean of the runs since the change before'),
  after: z.number().describe('mean of the runs up to the next one'),
  worseBy: z.number().nullable().describe('share by which it became worse; below 0: better; null from or to 0'),
  p: z.number().describe('of Student’s test, two-sided'),
  masterBefore: z.string(),
  masterAfter: z.string(),
})

/** What `trend --json` prints; its JSON Schema is `docs/trend.schema.json`. */
export const trendResultSchema = z.strictObject({
  schema: z.literal('mupdate-bench/trend/1'),
  method: z.strictObject({
    window: z.int().describe('runs that are looked at together; windows overlap by half'),
    maxP: z.number(),
    minimumChange: z.number().describe('share; smaller changes are not told'),
  }),
  histories: z.array(
    z.strictObject({
      profile: z.string(),
      seed: z.int(),
      masterKind: z.string(),
      runs: z.array(z.strictObject({ folder: z.string(), startedAt: z.string(), master: z.string() })),
      metrics: z.array(
        z.strictObject({
          name: z.string(),
          title: z.string(),
          unit: z.enum(['s', 'µs', '/s', 'bytes', 'count']),
          better: z.enum(['less', 'more']),
          values: z.array(z.number().nullable()).describe('of each run; null where it has no such figure'),
          changes: z.array(change),
        }),
      ),
    }),
  ),
  leftOut: z.array(z.strictObject({ folder: z.string(), reason: z.string() })),
})

export type TrendResult = z.infer<typeof trendResultSchema>
export type TrendHistory = TrendResult['histories'][number]
export type TrendMetric = TrendHistory['metrics'][number]
