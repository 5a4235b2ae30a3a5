import { z } from 'zod'
import { HarnessError } from '../core/errors.js'
import { MIXED_KINDS } from '../core/operation.js'
import { parseDurationNs } from '../core/units.js'
import { parseThreshold } from '../verdict/threshold.js'

/** Text with a parser of our own; its errors become the schema's. */
function parsed<T>(parse: (text: string) => T, description: string) {
  return z
    .string()
    .transform((text, context) => {
      try {
        return parse(text)
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message })
        return z.NEVER
      }
    })
    .describe(description)
}

/** Timers reach no further. */
const LONGEST_NS = 24 * 86_400e9

function parseBounded(text: string): number {
  const ns = parseDurationNs(text)
  if (ns > LONGEST_NS) throw new HarnessError('USAGE', `"${text}" is too long`, 'give 24d at most')
  return ns
}

const duration = (description: string) =>
  parsed(parseBounded, `${description}; a duration such as 500ms, 20s, 2m30s, at most 24d`)
const positive = z.number().positive()
const whole = z.int().nonnegative()

const distribution = (mean: number, max: number) =>
  z.strictObject({ mean: z.number().min(1).default(mean), max: z.int().min(1).default(max) }).prefault({})

/** Neither may hold what ends them in a location, `server!partition`. */
const serverName = z.string().regex(/^[^\s!]+$/, 'a server name has no blanks and no "!"')
const partitionName = z.string().regex(/^[\w-]{1,64}$/, 'a partition name is up to 64 letters, digits, "-" and "_"')

const backend = z.strictObject({
  server: serverName,
  weight: positive.default(1).describe('share of the mailboxes, beside that of the others'),
  partitions: z
    .record(partitionName, positive)
    .refine(partitions => Object.keys(partitions).length > 0, 'a backend has at least one partition')
    .optional()
    .describe('name: weight; as `partitions` of the site when absent'),
})

const site = z
  .strictObject({
    dump: z
      .string()
      .min(1)
      .optional()
      .describe('path of a dump (ctl_mboxlist -d, also gz) whose mailboxes these are; it says how many, and where'),
    dumpSha256: z.string().optional().describe('of that file: written into the profile of a run'),
    mailboxes: whole
      .optional()
      .describe('how many exist before the first operation; of a dump: only the first of them'),
    backends: z
      .union([z.int().min(1).max(10_000), z.array(backend).min(1)])
      .default(8)
      .describe('backend servers: how many (be1.example.com and so on), or a list of them with weights'),
    partitions: z.int().min(1).default(4).describe('partitions of each backend'),
    names: z.enum(['plain', 'realistic']).default('plain'),
    domains: z.array(z.string().min(1)).default([]).describe('virtual domains'),
    foldersPerUser: distribution(5, 60).describe('mailboxes of a user, INBOX included'),
    aclEntries: distribution(1.3, 12),
  })
  .superRefine(({ dump, mailboxes }, context) => {
    if (dump === undefined && mailboxes === undefined)
      context.addIssue({ code: 'custom', path: ['mailboxes'], message: 'give how many mailboxes there are, or a dump' })
  })

const arrivals = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant'), rate: positive.describe('per second') }),
  z.strictObject({ kind: z.literal('poisson'), rate: positive.describe('per second, on average') }),
  z.strictObject({ kind: z.literal('ramp'), from: z.number().nonnegative(), to: positive }),
  z.strictObject({ kind: z.literal('burst'), size: z.int().min(1), every: duration('time between bursts') }),
  z.strictObject({
    kind: z.literal('closed'),
    concurrency: z.int().min(1).describe('operations under way at once'),
    thinkTime: duration('pause after each').default(0),
  }),
])

const weight = (value: number) => z.number().nonnegative().default(value)
const mix = z
  .strictObject({
    create: weight(0),
    setacl: weight(0),
    rename: weight(0),
    delete: weight(0),
    find: weight(0),
    renameStyle: z.enum(['3.x', '2.3']).default('3.x'),
    deleteStyle: z.enum(['delayed', 'final']).default('delayed'),
  })
  .refine(mix => MIXED_KINDS.some(kind => mix[kind] > 0), 'give at least one operation a weight above 0')

const backends = z.strictObject({
  connection: z
    .enum(['per-operation', 'kept'])
    .default('per-operation')
    .describe('real backends open one per operation'),
  inFlight: z
    .int()
    .min(1)
    .default(50)
    .describe('operations under way per backend; more wait, counted from their intended start'),
  connectionsPerBackend: z.int().min(1).default(1).describe('kept connections of each backend'),
  arrivals: arrivals.prefault({ kind: 'poisson', rate: 50 }),
  mix: mix.prefault({ create: 1 }),
})

const otherSlaves = z.strictObject({
  count: z.int().min(1).default(1),
  servers: z
    .array(serverName)
    .min(1)
    .max(30)
    .optional()
    .describe('PARTIAL-UPDATE: only the mailboxes of these servers'),
  readBytesPerSecond: z.number().nonnegative().optional().describe('reads no faster than this; 0 never reads its list'),
  reconnectsAtOnce: z.boolean().default(false).describe('comes back at once after a loss'),
  backend: z
    .boolean()
    .default(false)
    .describe('unified murder: a backend that is a slave too, kicked after its operations'),
})

const slaves = z.strictObject({
  count: whole.default(0),
  mergePerMailbox: duration('time to write a mailbox of the list into its own database').prefault('0s'),
  others: z.array(otherSlaves).default([]).describe('further slaves, unlike the rest'),
  retryDelay: duration('mupdate_retry_delay of the frontends').prefault('20s'),
  start: z.enum(['simultaneous', 'staggered']).default('staggered'),
  staggerOver: duration('time over which a staggered start is spread').prefault('2s'),
})

const probes = z.strictObject({
  rate: positive.default(20).describe('NOOPs per second on each probing connection'),
  plain: z.int().min(0).default(1).describe('plain connections'),
  streaming: z.int().min(0).default(0).describe('streaming connections; each costs the master a dump and a worker'),
})

/** Name of the phase in which a run that did not ask for a comparison is compared at its end. */
export const LAST_COMPARISON = 'compare'

/** What may run while slaves are compared: it changes nothing. */
export function isQuiet(runnable: string): boolean {
  return runnable === 'slaves' || runnable === 'probes'
}

/** Whether a phase is added in which slaves are compared. */
export function endsWithComparison({
  converge,
  phases,
}: {
  readonly converge: boolean
  readonly phases: readonly { readonly run: readonly string[]; readonly until?: string | undefined }[]
}): boolean {
  const last = phases.at(-1)
  return converge && last?.run.includes('slaves') === true && last.until !== 'converged'
}

const RUNNABLE = ['preload', 'slaves', 'kicks', 'probes', 'backends', 'http'] as const

/** Longest wait for a condition, unless the phase says so. */
const LIMIT_NS = 60e9
/** How long slaves may take to come through before they are compared: two retry delays, within these bounds. */
const CATCH_UP_NS = 5e9
const MOST_CATCH_UP_NS = 60e9
/** For comparing, and a LIST. */
const COMPARE_NS = 60e9

/** @param retryDelay of the slaves, ns */
export function catchUpNs(retryDelay: number): number {
  return Math.min(Math.max(CATCH_UP_NS, 2 * retryDelay), MOST_CATCH_UP_NS)
}

function limitNs(until: string | undefined, retryDelay: number): number {
  if (until === 'converged') return comparisonLimitNs(retryDelay)
  return until === 'done' ? LONGEST_NS : LIMIT_NS
}

/** Of a phase in which slaves are compared. */
export function comparisonLimitNs(retryDelay: number): number {
  return 2 * catchUpNs(retryDelay) + COMPARE_NS
}

const timelineEvent = z
  .strictObject({
    at: duration('from the start of the phase'),
    do: z.enum(['restart', 'join', 'leave', 'freeze', 'loseNetwork', 'restartMaster', 'emptyMaster']),
    slaves: z.int().min(1).optional().describe('how many of them; all when absent, one for join'),
    for: duration('how long they are frozen, or without a network').optional(),
    over: duration('restart: one after the other, so that the last begins after this time').optional(),
    every: duration('the same again and again').optional(),
    times: z.int().min(1).optional().describe('how often, with `every`'),
  })
  .refine(
    event => (event.for !== undefined) === (event.do === 'freeze' || event.do === 'loseNetwork'),
    'freeze and loseNetwork last for a time (`for`), the others do not',
  )
  .refine(event => event.over === undefined || event.do === 'restart', '`over` goes with restart alone')
  .refine(event => (event.every === undefined) === (event.times === undefined), '`every` and `times` go together')

/** As ACLs and names have them on the wire; a tab ends an identifier. */
const ascii = z.string().regex(/^[\x20-\x7e]+$/, 'ASCII, as in the list')

const domain = z.string().regex(/^[A-Za-z0-9.-]{1,253}$/, 'a domain is letters, digits, "-" and dots')

const users = z.int().min(1)
const newUser = z
  .string()
  .regex(/^["-?A-~]+(@[A-Za-z0-9.-]+)?$/, 'a user’s name is ASCII without blanks and "!", and may end with @domain')

const selection = {
  users: z
    .union([users, z.array(ascii).min(1)])
    .optional()
    .describe('at most so many of them; or these, by their names as ACLs have them'),
  mailboxes: z.int().min(1).optional().describe('at most so many of theirs'),
  from: serverName.optional().describe('only those on this server'),
  partition: partitionName.optional(),
  prefix: ascii.optional().describe('only users whose names, as ACLs have them, begin so'),
  order: z
    .enum(['heaviest', 'lightest'])
    .optional()
    .describe('those with the most, or the fewest, mailboxes first; in the order of users when absent'),
}

const copying = {
  copy: duration('time to copy a user’s mail, from when the backend that he leaves was answered').optional(),
  parallel: z.int().min(1).optional().describe('so many users at the same time, with `copy`; one when absent'),
}

/** @returns a check that says so where `isFine` does not hold */
function sure<T>(isFine: (step: T) => boolean, path: string, message: string) {
  return (step: T, context: { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void }) => {
    if (!isFine(step)) context.addIssue({ code: 'custom', path: [path], message })
  }
}

interface Copied {
  readonly copy?: number | undefined
  readonly parallel?: number | undefined
}

const together = sure<Copied>(
  ({ copy, parallel }) => copy !== undefined || parallel === undefined,
  'parallel',
  '`parallel` goes with `copy`: without it the rate alone says how fast',
)
const elsewhere = sure<{ readonly from?: string | undefined; readonly to: string }>(
  ({ from, to }) => from !== to,
  'to',
  'the same as `from`',
)

const STEPS = {
  create: z
    .strictObject({
      users: z.union([users, z.array(newUser).min(1)]).describe('how many, or their names as ACLs have them'),
      on: serverName.optional().describe('the server; any of them when absent'),
    })
    .describe('users with all their mailboxes'),
  move: z
    .strictObject({
      ...selection,
      to: serverName,
      abort: z.number().min(0).max(1).default(0).describe('share of the users whose move is broken off midway'),
      ...copying,
    })
    .superRefine(together)
    .superRefine(elsewhere)
    .describe('users to another backend, as XFER does it'),
  replace: z
    .strictObject({ from: serverName, to: serverName, ...copying })
    .superRefine(together)
    .superRefine(elsewhere)
    .describe('all that a backend has to another, as XFER does it'),
  renameDomain: z
    .strictObject({ from: domain, to: domain })
    .superRefine(elsewhere)
    .describe('users of a virtual domain into another, as an administrator’s RENAME does it'),
  delete: z.strictObject(selection).describe('users with all their mailboxes'),
  setAcl: z
    .strictObject({
      ...selection,
      identifier: ascii,
      rights: z
        .string()
        .regex(/^[a-z0-9]*$/, 'rights are letters')
        .describe('none take it out of the ACLs'),
    })
    .describe('one identifier’s rights'),
  push: z
    .strictObject({
      servers: z.array(serverName).min(1).optional().describe('all of them when absent'),
      parallel: z.int().min(1).optional().describe('so many backends at the same time; one when absent'),
    })
    .describe('ctl_mboxlist -m on backends'),
  undo: z.strictObject({}).describe('what the steps before it have done, the last first'),
}

const step = z
  .strictObject({
    create: STEPS.create.optional(),
    move: STEPS.move.optional(),
    replace: STEPS.replace.optional(),
    renameDomain: STEPS.renameDomain.optional(),
    delete: STEPS.delete.optional(),
    setAcl: STEPS.setAcl.optional(),
    push: STEPS.push.optional(),
    undo: STEPS.undo.optional(),
    rate: positive.default(10).describe('mailboxes per second, at most'),
  })
  .refine(({ rate: _, ...steps }) => Object.values(steps).filter(step => step !== undefined).length === 1, {
    message: `a step is one of ${Object.keys(STEPS).join(', ')}`,
  })

const phase = z
  .strictObject({
    name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'a phase name is lower-case letters, digits and dashes'),
    run: z
      .array(z.enum(RUNNABLE))
      .default([])
      .describe('what runs in this phase; what ran before and is not named stops'),
    duration: duration('how long the phase is').optional(),
    until: z
      .enum(['preloaded', 'streaming', 'idle', 'converged', 'counted', 'done'])
      .optional()
      .describe(
        'a condition that ends the phase; counted: the master has as many mailboxes of each server as it should; converged: slaves are compared with what they should hold',
      ),
    limit: duration(
      'longest wait for the condition; when absent 60s, 24d for done, and for converged what slaves need to come through and be compared',
    ).optional(),
    arrivals: arrivals.optional().describe('in place of those of `backends`'),
    step: step.optional().describe('what is done beside all that runs; the phase ends with it: `until: done`'),
    events: z.array(timelineEvent).default([]).describe('what befalls slaves or the master in this phase'),
  })
  .refine(
    p => (p.duration === undefined) !== (p.until === undefined),
    'a phase has either a duration or a condition (until)',
  )
  .refine(({ until, step }) => (until === 'done') === (step !== undefined), '`step` and `until: done` go together')
  .refine(
    ({ until, run }) => until !== 'converged' || (run.includes('slaves') && run.every(isQuiet)),
    'slaves are compared while slaves run, and at most probes beside them: nothing may change meanwhile',
  )
  .refine(
    ({ until, run }) => until !== 'counted' || run.every(isQuiet),
    'the master’s mailboxes are counted while at most slaves and probes run: nothing may change meanwhile',
  )
  .superRefine(({ duration, until, limit = until === 'done' ? LONGEST_NS : LIMIT_NS, events }, context) => {
    for (const [i, { at, every = 0, times = 1, over = 0 }] of events.entries()) {
      const late = at + (times - 1) * every + over >= (duration ?? limit)
      if (late || until === 'converged')
        context.addIssue({
          code: 'custom',
          path: ['events', i, 'at'],
          message: late ? 'the phase has ended by then' : 'nothing may happen while slaves are compared',
        })
    }
  })

export const profileSchema = z
  .strictObject({
    description: z.string().default(''),
    seed: z.int().default(1),
    site,
    master: z
      .strictObject({
        place: z.enum(['tmpfs', 'disk']).default('tmpfs').describe('where a managed master keeps its database'),
        settings: z
          .record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String))
          .default({})
          .describe('further imapd.conf settings of a managed master'),
      })
      .prefault({}),
    preload: z
      .strictObject({ connections: z.int().min(1).default(4), window: z.int().min(1).default(64) })
      .prefault({}),
    backends: backends.prefault({}),
    slaves: slaves.prefault({}),
    kicks: z.strictObject({ rate: positive.default(1).describe('per second, all slaves together') }).prefault({}),
    probes: probes.prefault({}),
    http: z
      .strictObject({
        url: z
          .url({ protocol: /^https?$/, hostname: /./ })
          .describe('a page of a frontend or of any site; loopback unless --allow-load names its host'),
        connections: z.int().min(1).default(4),
        rate: positive.default(10).describe('requests per second, all connections together'),
      })
      .optional(),
    phases: z.array(phase).min(1),
    converge: z
      .boolean()
      .default(true)
      .describe(`at the end, a phase \`${LAST_COMPARISON}\`: wait for all slaves and compare what they hold`),
    stopLoss: z
      .strictObject({
        shrink: z.number().min(0).max(1).default(0.01).describe('part by which a list may be shorter than one before'),
        noop: z
          .number()
          .positive()
          .max(1)
          .default(0.5)
          .describe('part of the retry delay that a slave’s NOOP may take; 1: whatever it takes'),
        wipe: z.boolean().default(false).describe('whether ctl_mboxlist -m may delete a mailbox of its backend'),
      })
      .optional()
      .describe('the run ends, failed, when this is exceeded'),
    expects: z
      .array(z.enum(['thrash', 'away', 'differences']))
      .default([])
      .describe('what would fail a run that was not meant to show it'),
    thresholds: z.array(parsed(parseThreshold, 'such as `steady: NOOP.slave.responseTimeUs.p99 < 2s`')).default([]),
  })
  .superRefine((profile, context) => {
    const names = profile.phases.map(({ name }) => name)
    for (const [i, name] of names.entries()) {
      if (names.indexOf(name) < i)
        context.addIssue({ code: 'custom', path: ['phases', i, 'name'], message: `a second phase "${name}"` })
    }
    if (endsWithComparison(profile) && names.includes(LAST_COMPARISON))
      context.addIssue({
        code: 'custom',
        path: ['phases', names.indexOf(LAST_COMPARISON), 'name'],
        message: `the comparison at the end has the name "${LAST_COMPARISON}"`,
      })
    for (const [i, { phase }] of profile.thresholds.entries()) {
      const known = names.includes(phase ?? '') || (phase === LAST_COMPARISON && endsWithComparison(profile))
      if (phase !== undefined && !known)
        context.addIssue({ code: 'custom', path: ['thresholds', i], message: `there is no phase "${phase}"` })
    }
    const first = profile.phases.findIndex(
      ({ step, until }) => until === 'counted' || (step !== undefined && step.create === undefined),
    )
    if (first >= 0 && !profile.phases.slice(0, first).some(({ until }) => until === 'preloaded'))
      context.addIssue({
        code: 'custom',
        path: ['phases', first, 'step'],
        message: 'there is no mailbox yet: a phase with `run: [preload]` and `until: preloaded` comes first',
      })
    const leastNs = catchUpNs(profile.slaves.retryDelay)
    for (const [i, { until, limit }] of profile.phases.entries()) {
      if (until === 'converged' && limit !== undefined && limit < leastNs)
        context.addIssue({
          code: 'custom',
          path: ['phases', i, 'limit'],
          message: `slaves may take ${leastNs / 1e9} s to come through before they are compared: give more, or no limit`,
        })
    }
    const web = profile.phases.findIndex(({ run }) => run.includes('http'))
    if (web >= 0 && profile.http === undefined)
      context.addIssue({
        code: 'custom',
        path: ['phases', web, 'run'],
        message: 'http runs, and no `http` says which page',
      })
  })
  .transform(profile => ({
    ...profile,
    phases: profile.phases.map(({ limit, ...phase }) => ({
      ...phase,
      limit: limit ?? limitNs(phase.until, profile.slaves.retryDelay),
    })),
  }))

export type ProfileDocument = z.output<typeof profileSchema>
export type EventDocument = z.output<typeof timelineEvent>
export type StepDocument = z.output<typeof step>
export type SelectionDocument = z.output<typeof STEPS.delete>
export type ArrivalDocument = z.output<typeof arrivals>
export type BackendDocument = z.output<typeof backend>

/** Keys whose values are durations: ns when read, text when written again. */
export const DURATION_KEYS: ReadonlySet<string> = new Set([
  'retryDelay',
  'staggerOver',
  'duration',
  'limit',
  'every',
  'thinkTime',
  'mergePerMailbox',
  'at',
  'for',
  'over',
  'copy',
])
