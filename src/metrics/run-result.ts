import { z } from 'zod'

/** States that a master can be in and that explain what slaves meet; `docs/slaves.md` lists them. */
const CONDITIONS = [
  'workers-exhausted',
  'connections-exhausted',
  'descriptors-exhausted',
  'listen-queue-full',
  'master-restarted',
  'catalogue-collapsed',
] as const

export type ConditionName = (typeof CONDITIONS)[number]

export const timeSchema = z
  .strictObject({
    count: z.int().describe('samples, unfinished ones included'),
    min: z.number(),
    mean: z.number(),
    p50: z.number(),
    p90: z.number(),
    p99: z.number(),
    p999: z.number(),
    max: z.number(),
    lowerBounds: z
      .array(z.enum(['min', 'mean', 'p50', 'p90', 'p99', 'p999', 'max']))
      .describe('values that are lower bounds, because operations that never ended are in them with their wait so far'),
  })
  .describe('a distribution of times in µs, three significant digits')

export const metricSchema = z.strictObject({
  count: z.int().describe('ended or given up: ok + failed + unfinished'),
  failed: z.int().describe('answered NO or BAD'),
  unfinished: z.int().describe('never answered: timed out, connection lost, run ended'),
  ratePerSecond: z.number().describe('ended (ok or failed) per second of the phase'),
  responseTimeUs: timeSchema.optional().describe('from the intended start; absent in a closed loop'),
  serviceTimeUs: timeSchema.optional().describe('from the actual send'),
})

const metrics = z.record(z.string(), metricSchema)

const phase = z.strictObject({
  name: z.string(),
  startMs: z.number().describe('from the start of the run'),
  durationMs: z.number(),
  ended: z.enum(['duration', 'condition', 'limit', 'lost', 'interrupted', 'running']),
  operations: metrics.describe(
    'whole operations of backends: create, setacl, rename, delete, find; of steps also moveOut, moveIn, ownerAcl, push',
  ),
  steps: metrics
    .default({})
    .describe(
      'those of them that are the phase’s step’s own, as step.moveOut; unfinished are also those that were not sent since one on the same mailbox had failed',
    ),
  commands: metrics.describe(
    'NOOP.plain (probe), NOOP.stream (probe on a streaming connection), NOOP.slave, UPDATE, ACTIVATE, …',
  ),
  listedRecords: z
    .int()
    .nullable()
    .default(null)
    .describe('mailboxes in the lists that slaves received whole in this phase'),
  master: z
    .strictObject({
      cpuMs: z
        .number()
        .describe(
          'CPU that all its threads used, ended ones too: /proc/PID/stat, whose two figures are cut off to 10 ms, and within that the schedstat of its threads',
        ),
      peggedMs: z.number(),
      waitMs: z.number(),
      rssBytes: z.number().nullable().describe('resident memory at the end of the phase'),
      writeBytes: z.number().nullable(),
      writeCalls: z.number().nullable(),
      diskFlushes: z.number().nullable(),
    })
    .nullable()
    .default(null)
    .describe(
      'its process in this phase; null where it is watched by nobody, in part only, is a model, or was not there',
    ),
  harnessCpuMs: z.number().nullable().default(null).describe('CPU that the harness itself used in it'),
  hostFullMs: z
    .number()
    .nullable()
    .default(null)
    .describe('time in which less than a tenth of this host’s CPUs was left, whoever used them'),
})

const cpu = z.strictObject({
  meanCores: z.number().nullable().describe('CPU used per second of the run; null when it could not be measured'),
  peakThreadShare: z.number().nullable().describe('largest share of one CPU that one thread used in a sample'),
  peggedMs: z
    .number()
    .nullable()
    .describe('time in which its threads together were on a CPU, or waiting for one, ≥ 95 %'),
  waitMs: z.number().nullable().describe('time its threads waited for a CPU'),
})

/** Of one comparison; beside `comparisons` itself they are those of the worst. */
const comparisonFigures = {
  followed: z
    .int()
    .describe('slaves compared: those whose records were followed one by one, as far as there was memory'),
  convergeMs: z
    .number()
    .nullable()
    .describe('from the last operation until every slave had its NOOP answered; null where none was made'),
  away: z.array(z.int()).describe('slaves that did not come through'),
  openMailboxes: z
    .int()
    .nullable()
    .describe('left out of the comparison: their last operation failed or was never answered'),
  differenceCount: z.int().nullable(),
}

/** Beside `comparisons`: files of before they were counted have none. */
const worstFigures = {
  followed: comparisonFigures.followed.default(0),
  convergeMs: comparisonFigures.convergeMs.default(null),
  away: comparisonFigures.away.default([]),
  openMailboxes: comparisonFigures.openMailboxes.default(null),
  differenceCount: comparisonFigures.differenceCount.default(null),
}

/** What has a default was not there from the start: older files are read as well. */
export const runResultSchema = z.strictObject({
  schema: z.literal('mupdate-bench/run/1'),
  simulated: z.boolean().default(false).describe('in virtual time, against the model: no master, no sockets'),
  id: z.string(),
  profile: z.strictObject({ name: z.string(), seed: z.int() }),
  resumes: z.string().optional().describe('folder of the run that it goes on with'),
  startedAt: z.string().describe('UTC, ISO 8601'),
  durationMs: z.number(),
  state: z.enum(['running', 'ended', 'interrupted']).describe('running in a file that nobody writes any more: cut off'),
  harness: z.strictObject({
    version: z.string(),
    node: z.string(),
    pid: z.int(),
    host: z.record(z.string(), z.unknown()),
  }),
  verdict: z.strictObject({
    result: z.enum(['pass', 'fail', 'inconclusive', 'invalid']),
    reasons: z.array(z.string()),
    failures: z
      .array(z.string())
      .optional()
      .describe('what failed beside thresholds, also where the harness was the limit and the run is invalid'),
    thresholds: z.array(
      z.strictObject({
        threshold: z.string(),
        result: z.enum(['pass', 'fail', 'inconclusive']),
        value: z.number().optional(),
        reason: z.string(),
      }),
    ),
  }),
  master: z.strictObject({
    kind: z.enum(['embedded', 'model', 'cyrus', 'remote', 'simulated']),
    address: z.string().describe('empty where it is simulated'),
    version: z.string(),
    mailboxDatabase: z.string(),
    settings: z.record(z.string(), z.string()),
    binaries: z.record(z.string(), z.string()).describe('path → sha256 of what really ran'),
    security: z
      .strictObject({
        tls: z.string().nullable().describe('version and cipher; null without'),
        verified: z
          .boolean()
          .nullable()
          .default(null)
          .describe(
            'whether its certificate was; false with --tls-no-verify; null without TLS, and not known in older files',
          ),
        mechanism: z.string(),
        compression: z.literal('DEFLATE').nullable(),
      })
      .nullable()
      .default(null)
      .describe('of connections to it; null for a master of our own that is reached as always: PLAIN, nothing else'),
    probe: z
      .strictObject({
        name: z.string(),
        host: z.string(),
        clockOffsetUs: z.number().describe('by which its clock is ahead; taken out of all its times'),
        clockErrorUs: z.number().describe('how wrong that may be'),
        missedMs: z.number().describe('time of which nothing was heard of it: figures are those of the rest'),
        lost: z.string().nullable().describe('why it was lost, where it had not come back in the end'),
      })
      .nullable()
      .default(null)
      .describe('who watched its process on another host (mupdate-bench probe); null where nobody did'),
    cpu,
    threads: z.array(z.strictObject({ tid: z.int(), cpuMs: z.number(), waitMs: z.number(), peakShare: z.number() })),
    rssPeakBytes: z.number().nullable(),
    descriptorsPeak: z.number().nullable(),
    threadsPeak: z.number().nullable(),
    writeBytes: z.number().nullable().describe('bytes it caused to be written to storage; 0 on tmpfs'),
    writeCalls: z.number().nullable().describe('write system calls; null where /proc/PID/io is not readable'),
    diskFlushes: z
      .number()
      .nullable()
      .describe('syncs that reached the disk under its database, whoever asked; null where none is counted (tmpfs)'),
    queueOverflows: z
      .int()
      .nullable()
      .default(null)
      .describe('connections that found a listen queue of this host full; null where the master is on another'),
    serversListed: z
      .record(z.string(), z.int())
      .nullable()
      .default(null)
      .describe('the same, of each server; null where it was not asked'),
    mailboxesListed: z
      .int()
      .nullable()
      .describe('entries of a LIST after the run; null when it was not asked (remote masters, interrupted runs)'),
    restarts: z.int(),
  }),
  generator: z.strictObject({
    workers: z.int().nullable().default(null).describe('threads of load; probes have one more'),
    startSkewUs: z
      .number()
      .nullable()
      .default(null)
      .describe('between the first thread of load that began and the last'),
    phaseSkewUs: z.number().nullable().default(null).describe('the same of the phases after the first, at worst'),
    agents: z
      .array(
        z.strictObject({
          id: z.string().default('').describe('of its process: others may have the same name'),
          name: z.string(),
          host: z.string(),
          shards: z.array(z.string()).describe('threads of load that it ran'),
          clockOffsetUs: z.number().describe('by which its clock is ahead; taken out of all its times'),
          clockErrorUs: z.number().describe('how wrong that may be'),
          cpuCores: z
            .number()
            .nullable()
            .default(null)
            .describe('CPU that its process used; null where it did not tell'),
          stealShare: z
            .number()
            .nullable()
            .default(null)
            .describe('of its host’s CPU time, what went to other machines'),
          lost: z.string().nullable().describe('why it was lost'),
        }),
      )
      .nullable()
      .default(null)
      .describe('on other machines; null where there are none'),
    cpuCores: z
      .number()
      .nullable()
      .describe('of the run’s own process; null in a simulation, as all that its host would have to measure'),
    eventLoopDelayUs: z
      .strictObject({ p50: z.number(), p99: z.number(), max: z.number() })
      .nullable()
      .describe('worst thread'),
    scheduleSlipUs: timeSchema
      .nullable()
      .describe('from the intended start to the actual send or queueing; null without an open model'),
    droppedArrivals: z.int(),
    skippedOperations: z.int().describe('not sent since an earlier operation on the same mailbox had failed'),
    stealShare: z.number().nullable(),
    saturated: z.boolean(),
    bytesRead: z.number().nullable().describe('on the wire'),
    bytesWritten: z.number().nullable(),
    plainBytesRead: z.number().nullable().default(null).describe('the same before TLS and DEFLATE'),
    plainBytesWritten: z.number().nullable().default(null),
  }),
  noiseFloor: z
    .strictObject({ count: z.int(), p50Ns: z.number(), p99Ns: z.number(), maxNs: z.number() })
    .nullable()
    .describe('a TCP echo on loopback through the same probe code, before the run'),
  slaves: z.strictObject({
    count: z.int(),
    streaming: z.int().describe('at the end'),
    leastStreaming: z.int().describe('all but the most that had been streaming and were not, at one time'),
    resyncs: z.int().describe('UPDATEs after the first of each slave'),
    timeouts: z.int(),
    drops: z.int().describe('connections lost, time-outs included'),
    kicks: z.int().describe('kicks answered or refused; their times are those of the command KICK'),
    retryDelayMs: z.number(),
    dumpHoldMs: z
      .number()
      .nullable()
      .describe('for how long one list keeps the others waiting: time with lists on their way, shared out over them'),
    thrash: z
      .strictObject({
        state: z.enum(['none', 'ended', 'sustained']),
        trigger: z.string().nullable().default(null).describe('what the profile did last before the onset'),
        onsetMs: z.number().nullable().describe('first time-out while another slave’s list was on its way'),
        endMs: z.number().nullable().describe('when all was quiet again'),
        cycles: z.int().describe('longest chain of time-outs, each during a list that the one before had caused'),
        causedTimeouts: z.int().describe('time-outs while another slave’s list was on its way'),
        dumpShare: z.number().describe('share of the time since the onset in which some list was on its way'),
        leastReady: z
          .int()
          .nullable()
          .default(null)
          .describe(
            'fewest slaves that had their list and streamed at one time, from the onset to the end; without a thrash since each had been ready once, null where that never was',
          ),
      })
      .describe('time-outs that cause time-outs'),
    listBytes: z
      .int()
      .nullable()
      .default(null)
      .describe('of the records in lists that slaves read after the first list each had asked for'),
    updateBytes: z.int().nullable().default(null).describe('of the records that streamed to slaves after a list'),
    amplification: z
      .number()
      .nullable()
      .default(null)
      .describe('bytes sent per byte of change: (listBytes + updateBytes) / updateBytes; null without changes'),
    propagationUs: z
      .strictObject({
        first: timeSchema.nullable(),
        median: timeSchema.nullable(),
        last: timeSchema.nullable(),
        all: timeSchema.nullable(),
        missing: z.int().nullable().describe('deliveries that never came; null where nothing was compared'),
      })
      .nullable()
      .default(null)
      .describe('from the writer’s OK to the first, the middle, the last slave’s record; null without changes'),
    converged: z
      .boolean()
      .nullable()
      .default(null)
      .describe('all held what they should, at each comparison; null where none was made'),
    comparisons: z
      .array(
        z.strictObject({
          phase: z.string(),
          failure: z.string().nullable().describe('why it could not be made'),
          ...comparisonFigures,
        }),
      )
      .default([])
      .describe('of the phases `until: converged`'),
    ...worstFigures,
    differences: z
      .array(
        z.strictObject({
          phase: z.string().default(''),
          where: z.string(),
          kind: z.enum(['missing', 'extra', 'stale', 'repeated']),
          name: z.string(),
        }),
      )
      .default([])
      .describe('the first of each slave and of the master, at each comparison'),
    realSlaveWouldLose: z
      .array(
        z.strictObject({
          slave: z.int(),
          atMs: z.number().describe('when its new list was whole'),
          held: z.int().describe('mailboxes before'),
          byMerge: z.int().describe('in the list, and deleted all the same by a real slave’s merge'),
          byList: z.int().describe('not in the list any more, though nothing had deleted them'),
          names: z.array(z.string()).describe('the first of them'),
        }),
      )
      .nullable()
      .default(null)
      .describe('of resyncs of followed slaves: what a real one would not have afterwards; null without comparison'),
    realSlaveUnknown: z
      .int()
      .nullable()
      .default(null)
      .describe('resyncs that were not looked at for it, for want of memory'),
    conditions: z.array(
      z.strictObject({
        name: z.enum(CONDITIONS),
        atMs: z.number(),
        detail: z.string(),
        remedy: z.string(),
      }),
    ),
  }),
  probes: z
    .strictObject({ plain: z.int(), streaming: z.int(), ratePerSecond: z.number() })
    .describe('connections of the probes; a streaming one costs the master a worker'),
  http: z.record(z.string(), z.number().nullable()).nullable(),
  phases: z.array(phase),
  total: phase.pick({ operations: true, steps: true, commands: true }),
})

/** `run.json`; its JSON Schema is `docs/run.schema.json`. */
export type RunResult = z.infer<typeof runResultSchema>
export type MetricSummary = z.infer<typeof metricSchema>
export type TimeSummary = z.infer<typeof timeSchema>
export type PhaseResult = RunResult['phases'][number]
export type Verdict = RunResult['verdict']
