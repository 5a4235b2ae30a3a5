import { z } from 'zod'
import { metricSchema, timeSchema } from './run-result.js'

const counts = z.record(z.string(), z.int())

const command = metricSchema.extend({
  kind: z.string().describe('such as DELETE; LOGIN is the connecting, TCP and SASL'),
  answers: z
    .strictObject({ OK: z.int(), NO: z.int(), BAD: z.int() })
    .optional()
    .describe('absent for LOGIN, of which a log tells nothing'),
})

/** What `replay --json` prints; its JSON Schema is `docs/replay.schema.json`. */
export const replayResultSchema = z.strictObject({
  schema: z.literal('mupdate-bench/replay/1'),
  harnessVersion: z.string(),
  startedAt: z.string().describe('UTC, ISO 8601'),
  master: z.strictObject({ kind: z.string(), version: z.string(), address: z.string() }),
  speed: z.union([z.number(), z.literal('max')]).describe('times the original’s; max: as fast as the master answers'),
  original: z
    .strictObject({
      connections: z.int(),
      mostAtOnce: z.int().describe('most connections at one time'),
      commands: z.int(),
      seconds: z.number().describe('from the first connection’s start to the last one’s end'),
      leftOut: counts.describe('of what was in the logs and is not replayed, how much, by what it is'),
    })
    .describe('what the logs hold'),
  preloaded: z.int().describe('mailboxes that were put there first'),
  seconds: z.number().describe('that the replay took'),
  commands: z
    .array(command)
    .describe('by kind; response times are absent with speed max, where nothing is meant for any time'),
  records: z.int().describe('records of UPDATE: of its lists, and what streamed after them'),
  skipped: counts.describe('commands that were not sent, by why'),
  otherAnswers: counts.describe('answered otherwise than when they were recorded: “DELETE OK → NO”'),
  unserved: counts.describe('connections that could not be made, by why'),
  masterRestarts: z.int(),
  interrupted: z.boolean(),
  slipUs: timeSchema.nullable().describe('how late timers of the harness rang; null where none was set'),
  invalid: z.array(z.string()).describe('why its figures are not the master’s'),
})

export type ReplayResult = z.infer<typeof replayResultSchema>
