import { z } from 'zod'

const at = z.string().describe('UTC, ISO 8601')
const estimate = { low: z.number(), likely: z.number(), high: z.number() }

const source = z.strictObject({
  name: z.string().describe('as it was given; - is standard input'),
  format: z.enum(['text', 'journal export', 'journal JSON']),
  lines: z.int(),
  mupdateLines: z.int().describe('of mupdate processes, or about them'),
  unreadLines: z.int().describe('that name mupdate, and are in no format or under no identifier that is known'),
  from: at.nullable(),
  to: at.nullable(),
  year: z
    .enum(['in its lines', 'given', 'from the file’s time', 'from today'])
    .describe('where the year comes from; RFC 3164 has none'),
  zone: z.string().nullable().describe('assumed of times without one; null where all have one'),
  wholeSeconds: z.boolean().describe('some stamps are cut to the second: each time between two lines is ±1 s'),
})

const resync = z.strictObject({
  at,
  cause: z
    .enum(['start', 'time-out', 'loss', 'failed merge', 'unknown'])
    .describe('why the list was asked for; start: the first that these logs show of a process'),
  listMs: z.number().nullable().describe('from “scarfing” to “unready”: the list, waits for the master included'),
  mergeMs: z.number().nullable().describe('from “unready” to “complete”: its own clients are refused'),
  outcome: z.enum(['complete', 'list lost', 'merge failed', 'process ended', 'unknown', 'under way']),
})

const times = z
  .strictObject({ count: z.int(), medianMs: z.number(), maxMs: z.number() })
  .nullable()
  .describe('null where none was seen whole')

const frontend = z.strictObject({
  name: z.string(),
  host: z.string(),
  ident: z.string().describe('the syslog identifier'),
  pids: z.array(z.int().nullable()),
  resyncs: z.array(resync),
  list: times,
  merge: times,
  timeouts: z.array(at).describe('“connection to master timed out”'),
  losses: z.array(at).describe('connections lost in another way, and lists that broke off'),
  connectFailures: z.array(at).describe('“couldn’t connect to mupdate server”'),
  retries: z.strictObject({ count: z.int(), minS: z.int().nullable(), maxS: z.int().nullable() }),
  restarts: z.int().describe('new processes after the first'),
  deaths: z.array(z.strictObject({ at, how: z.string() })).describe('told by Cyrus’s master of its host'),
  unavailableMs: z
    .number()
    .describe('in which it refused its own clients; to the end of its own log where it still does'),
  outOfTouchMs: z.number().describe('in which no change reached it: from a loss to the next whole list'),
  atEnd: z
    .enum(['unknown', 'starting', 'connected', 'listing', 'listed', 'merging', 'streaming', 'lost', 'waiting'])
    .describe('where its last line left it'),
  missingLines: z.int().describe('lines that do not follow from the one before: some were lost'),
  longestLockS: z.number().nullable(),
})

const incident = z.strictObject({ from: at, to: at, count: z.int(), text: z.string() })

const master = z.strictObject({
  host: z.string(),
  ident: z.string(),
  pids: z.array(z.int().nullable()),
  restarts: z.int(),
  deaths: z.array(z.strictObject({ at, how: z.string() })),
  refused: z.array(incident).describe('“Server too busy, dropping connection”'),
  gaveUp: z.array(incident).describe('“idle for too long, closing connection”: its client said nothing for 3 h'),
  descriptors: z.array(incident).describe('“signals_select: nfds = …”'),
  fatal: z.array(incident),
  logins: z.int().describe('in all logs that were given, copies included'),
  badLogins: z.int(),
  longestLockS: z.number().nullable(),
})

const blamed = z.strictObject({ frontend: z.string(), from: at, to: at.nullable() })

const timeout = z.strictObject({
  at,
  frontend: z.string(),
  generation: z
    .int()
    .describe(
      '0: no other lists were on their way for a retry delay of the two before; else one more than the highest of those that were',
    ),
  during: z.array(blamed).describe('lists of others that were on their way, long enough or not; at most 20'),
})

const episode = z.strictObject({
  onset: at,
  end: at.nullable().describe('null: it goes on where the logs end'),
  state: z.enum(['ended', 'sustained']),
  cycles: z.int().describe('longest chain of time-outs, each during a list that the one before had caused'),
  causedTimeouts: z.int(),
  frontends: z.array(z.string()),
  resyncs: z.int().describe('lists asked for from its onset to its end'),
  began: z.array(blamed).describe('the lists that were on their way at the first time-out'),
  trigger: z.string().nullable().describe('what those lists were for, where the logs say'),
  chain: z.array(timeout).describe('one of its longest chains'),
})

const wayOut = z.strictObject({
  thrashing: z.boolean().describe('at the end of the logs'),
  atOnce: z.int().nullable().describe('lists that may be on their way at once without a time-out; null: unknown'),
  keep: z.array(z.string()).describe('let these go on'),
  stop: z.array(z.string()).describe('in this order'),
  spare: z.array(z.string()).describe('have their list; to be stopped, in this order, only if that was not enough'),
  intervalS: z.number().nullable().describe('let one back each'),
  backInS: z.number().nullable().describe('all that were stopped'),
  raiseRetryDelayToS: z.number().nullable().describe('before: one list alone lasts longer than a frontend waits'),
  arithmetic: z.array(z.string()),
  steps: z.array(z.string()),
})

/** What `diagnose --json` prints; its JSON Schema is `docs/diagnose.schema.json`. */
export const diagnosisResultSchema = z.strictObject({
  schema: z.literal('mupdate-bench/diagnosis/1'),
  from: at,
  to: at,
  sources: z.array(source),
  errorMs: z.int().describe('by which each time between two lines may be wrong, either way'),
  retryDelayS: z
    .strictObject({
      ...estimate,
      source: z.enum(['given', 'default fits the retries', 'retries', 'default, no retry seen']),
    })
    .describe('mupdate_retry_delay of the frontends'),
  listHoldMs: z
    .strictObject({ ...estimate, lists: z.int() })
    .nullable()
    .describe('one list keeps the master; null where no whole list was seen'),
  frontends: z.array(frontend),
  masters: z.array(master),
  otherProcesses: z.int().describe('of mupdate that said nothing by which a frontend or a master is known'),
  timeouts: z.array(timeout).describe('all, by time'),
  episodes: z.array(episode),
  wayOut: wayOut.nullable().describe('null where no frontend’s lines were read'),
  unknownLines: z
    .array(z.strictObject({ shape: z.string(), count: z.int() }))
    .describe('of mupdate, most frequent first'),
  notes: z.array(z.string()).describe('what cannot be known from these logs, and what was assumed'),
})

export type DiagnosisResult = z.infer<typeof diagnosisResultSchema>
export type DiagnosedSource = z.infer<typeof source>
export type DiagnosedFrontend = z.infer<typeof frontend>
export type DiagnosedMaster = z.infer<typeof master>
export type DiagnosedEpisode = z.infer<typeof episode>
export type DiagnosedTimeout = z.infer<typeof timeout>
export type WayOut = z.infer<typeof wayOut>
