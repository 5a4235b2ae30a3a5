import { z } from 'zod'
import { HarnessError } from '../core/errors.js'
import { type Fact, type Facts, LEAST_RETRY_DELAY_S } from './facts.js'

/** What is taken of `diagnose --json`; the rest of it may change. */
const diagnosisSchema = z.object({
  schema: z.string().regex(/^mupdate-bench\/diagnosis\/\d+$/),
  from: z.string(),
  to: z.string(),
  errorMs: z.number(),
  listHoldMs: z.object({ low: z.number(), likely: z.number(), high: z.number(), lists: z.number() }).nullable(),
  retryDelayS: z.object({ low: z.number(), likely: z.number(), high: z.number(), source: z.string() }),
  frontends: z.array(z.object({ merge: z.object({ medianMs: z.number() }).nullable(), resyncs: z.array(z.unknown()) })),
  timeouts: z.array(z.unknown()),
})

/** Stamps cut to the second can make what is short last 0 s: nothing does. */
const LEAST_MS = 1

/** The site's own list and merge times, and what happened. @throws {HarnessError} `USAGE` for what is no diagnosis */
export function diagnosisFacts(json: unknown, path: string): Facts {
  const outcome = diagnosisSchema.safeParse(json)
  if (!outcome.success) {
    const [{ path: where, message }] = outcome.error.issues as [z.core.$ZodIssue]
    throw new HarnessError(
      'USAGE',
      `${path}: ${where.join('.')}: ${message}`,
      'make one: mupdate-bench diagnose LOG… --json',
    )
  }
  const { from, to, errorMs, listHoldMs, retryDelayS, frontends, timeouts } = outcome.data
  const whose = `of ${frontends.length} frontend${frontends.length === 1 ? '’s' : 's’'} logs`
  const span = `diagnose, ${from.slice(0, 10)} to ${to.slice(0, 10)}, ${whose}; waiting for lists of others may be in it`
  const facts: Facts = new Map([
    ['measured.from', { value: span, from: path }],
    ['measured.timeouts', { value: timeouts.length, from: path }],
    ['measured.resyncs', { value: frontends.reduce((sum, { resyncs }) => sum + resyncs.length, 0), from: path }],
  ])
  if (listHoldMs !== null) {
    const of = (ms: number) => ({
      value: Math.max(LEAST_MS, ms) / 1e3,
      from: `${path}, of ${listHoldMs.lists} whole lists, ${whose}`,
    })
    facts.set('measured.listSeconds.low', of(listHoldMs.low))
    facts.set('measured.listSeconds.likely', of(listHoldMs.likely))
    facts.set('measured.listSeconds.high', of(listHoldMs.high))
  }
  const merges = frontends.flatMap(({ merge }) => (merge === null ? [] : [merge.medianMs])).toSorted((a, b) => a - b)
  const middle = merges[Math.floor(merges.length / 2)]
  if (middle !== undefined) {
    const of = (ms: number) => ({
      value: Math.max(LEAST_MS, ms) / 1e3,
      from: `${path}, the middle of ${merges.length} frontends${errorMs === 0 ? '' : `, ± ${errorMs} ms`}`,
    })
    facts.set('measured.mergeSeconds.low', of(middle - errorMs))
    facts.set('measured.mergeSeconds.likely', of(middle))
    facts.set('measured.mergeSeconds.high', of(middle + errorMs))
  }
  // A default that nobody has seen is no finding.
  if (retryDelayS.source !== 'default, no retry seen') facts.set('slaves.retryDelay', delayFact(retryDelayS, path))
  return facts
}

/** A longer delay bears more: of one that was only seen the shortest that it can be. */
function delayFact({ low, likely, high, source }: z.infer<typeof diagnosisSchema>['retryDelayS'], path: string): Fact {
  if (source === 'given') return { value: `${likely}s`, from: `${path}: given` }
  return {
    value: `${Math.max(LEAST_RETRY_DELAY_S, low)}s`,
    from: `${path}: ${source}, ${low} to ${high} s`,
    most: `${high}s`,
  }
}
