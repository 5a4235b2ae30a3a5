import { z } from 'zod'

export const TRACE_SCHEMA = 'mupdate-bench/trace/1'

const side = z.enum(['client', 'master'])
/** µs since the trace's `startedAt`, and the number of the connection, from 1 on. */
const place = { atUs: z.int(), connection: z.int() }

/** The first line of a trace. */
export const traceHeaderSchema = z.strictObject({
  schema: z.literal(TRACE_SCHEMA),
  harnessVersion: z.string(),
  startedAt: z.string().describe('UTC, ISO 8601'),
  madeBy: z.enum(['record', 'run']),
  master: z.string().describe('host:port'),
  refused: z.array(z.string()).describe('after which a recorder would be blind: it refuses them'),
  struck: z.boolean().describe('they are not in the banner either, as clients see it'),
  records: z.enum(['counted', 'every']).describe('of lists'),
})

const eventSchema = z.strictObject({
  ...place,
  event: z
    .enum(['opened', 'unreachable', 'looped', 'blinded', 'ended', 'closed'])
    .describe(
      'ended: one side says no more; unreachable: the master was not, and the client’s connection was closed; looped: it was the recorder’s own, and was closed; blinded: the client may have asked for what is refused, in such a way that nobody can tell, and the recorder ended it',
    ),
  by: z.enum(['client', 'master', 'recorder']).optional().describe('who ended it'),
  error: z.string().optional(),
})

const messageSchema = z.strictObject({
  ...place,
  from: z.enum(['client', 'master', 'recorder']).describe('recorder: a refusal of its own'),
  tag: z.string(),
  verb: z.string().describe('in capitals: a command, or MAILBOX, RESERVE, DELETE, OK, NO, BAD, BYE, a capability, +'),
  arguments: z.array(z.string()).optional().describe('a character for each byte (latin1)'),
  residenceUs: z
    .number()
    .optional()
    .describe('from when its last byte was read until it was given to the system for the other side'),
  waited: z.literal(true).optional().describe('the other side did not read: how long it stayed is not the recorder’s'),
})

/** Of a list, so many records in one. */
const recordsSchema = z.strictObject({
  ...place,
  from: z.literal('master'),
  tag: z.string(),
  records: z.int(),
  bytes: z.int(),
})

/** Part of a login, of which nothing is told. */
const secretSchema = z.strictObject({ ...place, from: side, secret: z.literal(true) })

const undecodedSchema = z.strictObject({ ...place, from: side, undecoded: z.int().describe('bytes') })

/** Any other line of a trace. */
export const traceLineSchema = z.union([messageSchema, recordsSchema, eventSchema, secretSchema, undecodedSchema])

export type TraceHeader = z.infer<typeof traceHeaderSchema>
export type TraceLine = z.infer<typeof traceLineSchema>
export type TracedMessage = z.infer<typeof messageSchema>
