import { z } from 'zod'
import { parseDurationNs } from '../core/units.js'
import { exactly } from '../limits/estimate.js'
import { LEAST_RETRY_DELAY_S } from './facts.js'

const duration = z.union([z.string(), z.number()]).transform((value, context) => {
  if (typeof value === 'number') return value * 1e3
  try {
    return parseDurationNs(value) / 1e6
  } catch {
    context.addIssue({ code: 'custom', message: `"${value}" is not a duration: write 20s, 2m` })
    return z.NEVER
  }
})
const retryDelay = duration.refine(
  ms => ms >= LEAST_RETRY_DELAY_S * 1e3,
  `give ${LEAST_RETRY_DELAY_S} s or more: with less a slave divides by zero`,
)
const count = z.int().nonnegative()
const rate = z.number().nonnegative()

/** Whether the calendar has it: `2026-02-30` is of its form. */
export function isDay(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

const COUNTED = /^mupdate_(workers_start|workers_minspare|workers_maxspare|workers_max|connections_max)$/
/** lib/imapoptions. */
const OTHERS = /^mupdate_(authname|config|password|port|realm|retry_delay|server|username)$/

/** Lines of imapd.conf: one with a slip would count as Cyrus's default. */
const settings = z
  .record(z.string(), z.union([z.string(), z.number()]).transform(String))
  .superRefine((lines, context) => {
    for (const [key, value] of Object.entries(lines)) {
      const name = key.replace(/^mupdate_(?=mupdate_)/, '')
      const isCount = COUNTED.test(name)
      if (isCount && !/^[1-9]\d*$/.test(value))
        context.addIssue({ code: 'custom', path: [key], message: `"${value}" is not a whole number of 1 or more` })
      if (name.startsWith('mupdate_') && !isCount && !OTHERS.test(name))
        context.addIssue({ code: 'custom', path: [key], message: 'Cyrus has no such setting' })
    }
  })

const seconds = z
  .strictObject({ low: z.number().positive(), likely: z.number().positive(), high: z.number().positive() })
  .refine(({ low, likely, high }) => low <= likely && likely <= high, 'low ≤ likely ≤ high does not hold')
const exactSeconds = z.number().positive().transform(exactly)

/** `site.yaml`: what a site has, as `plan init` writes it and `plan` reads it. Null is what nobody knows. */
export const siteSchema = z.strictObject({
  schema: z.literal('mupdate-bench/site/1'),
  asOf: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/, 'write a day: 2026-11-28')
    .refine(isDay, 'the calendar has no such day'),
  mailboxes: z.int().positive(),
  growthPerDay: z.number().nullable().default(null),
  slaves: z
    .strictObject({
      frontends: count,
      unifiedBackends: count.default(0),
      retryDelay,
    })
    .refine(({ frontends, unifiedBackends }) => frontends + unifiedBackends > 0, 'a murder has at least one slave'),
  backends: count.nullable().default(null),
  master: z.strictObject({
    settings: settings.default({}),
    maxfds: z.int().positive().nullable().default(null),
    database: z.string().nullable().default(null),
    place: z.enum(['disk', 'tmpfs']).nullable().default(null),
    cpu: z.string().nullable().default(null),
    cores: z.int().positive().nullable().default(null),
  }),
  operations: z
    .strictObject({
      createsPerSecond: rate.nullable().default(null),
      otherChangesPerSecond: rate.nullable().default(null),
      connection: z.enum(['each', 'kept']).default('each'),
    })
    .default({ createsPerSecond: null, otherChangesPerSecond: null, connection: 'each' }),
  measured: z
    .strictObject({
      from: z.string(),
      mailboxes: z.int().positive().nullable().default(null),
      listSeconds: seconds.nullable().default(null),
      mergeSeconds: z.union([exactSeconds, seconds]).nullable().default(null),
      timeouts: count.nullable().default(null),
      resyncs: count.nullable().default(null),
    })
    .nullable()
    .default(null),
  planned: z
    .strictObject({
      mailboxes: z.int().positive().nullable().default(null),
      frontends: z.int().positive().nullable().default(null),
      createsPerSecond: rate.nullable().default(null),
    })
    .default({ mailboxes: null, frontends: null, createsPerSecond: null }),
})

export type Site = z.infer<typeof siteSchema>
export type SiteDocument = z.input<typeof siteSchema>
