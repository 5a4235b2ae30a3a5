import { z } from 'zod'
import { drawLogNormal, type Random } from '../../core/random.js'

const cost = z
  .strictObject({
    p10: z.number().nonnegative(),
    p50: z.number().nonnegative(),
    p90: z.number().nonnegative(),
    low: z.number().describe('95 % interval of the median'),
    high: z.number(),
    samples: z.int(),
  })
  .refine(({ p10, p50, p90 }) => p10 <= p50 && p50 <= p90, 'p10 ≤ p50 ≤ p90 does not hold')
  .describe('µs of the master’s time, and their spread')

/** What operations cost a master: made by `mupdate-bench calibrate`, taken by `--master embedded:FILE` and `simulate`. */
export const calibrationSchema = z.strictObject({
  schema: z.literal('mupdate-bench/calibration/1'),
  madeAt: z.string().describe('UTC, ISO 8601'),
  harnessVersion: z.string(),
  host: z.record(z.string(), z.unknown()),
  master: z.strictObject({
    kind: z.string(),
    version: z.string(),
    mailboxDatabase: z.string(),
    settings: z.record(z.string(), z.string()),
  }),
  mailboxes: z.int().describe('that were there while it was measured'),
  costs: z.strictObject({
    banner: cost.describe('from the connection to its banner'),
    login: cost.describe('AUTHENTICATE PLAIN'),
    noop: cost.describe('NOOP on a plain connection'),
    find: cost.describe('one look-up with the lock'),
    reserve: cost.describe('RESERVE, with the lock'),
    activate: cost.describe('ACTIVATE, with the lock'),
    remove: cost.describe('DELETE, with the lock'),
    dumpPerMailbox: cost.describe('how long UPDATE or LIST holds the lock, for each mailbox'),
    dumpTail: cost.describe('from the lock’s release to the end of the list'),
    updatePerPending: cost.describe('look-up and sending of one pending update'),
    logPerStream: cost.describe('what each change costs for each streaming connection, with the lock'),
    kick: cost
      .default({ p10: 24, p50: 24, p90: 24, low: 24, high: 24, samples: 0 })
      .describe('what a NOOP of a stream costs more than a plain one; as measured on 3.6.1 where a file has none'),
    handOver: cost.describe('from the lock’s release until the one that waited longest holds it'),
  }),
  betweenMasters: z
    .number()
    .nonnegative()
    .nullable()
    .default(null)
    .describe(
      'standard deviation of a list’s time from one newly started master to the next, as a share of it; null where none could be started',
    ),
  mergePerMailbox: cost.nullable().describe('of a real slave; null where none was measured'),
})

export type Calibration = z.infer<typeof calibrationSchema>
export type Cost = Calibration['costs']['noop']
export type CostName = keyof Calibration['costs']

/** From p10 to p90 of a normal distribution, in standard deviations. */
const P10_TO_P90_SIGMAS = 2.563

/** Draws costs as they were measured: log-normal around the median, and that around what one master has of its own. */
export class Costs {
  private readonly shapes: Record<CostName, { readonly medianNs: number; readonly sigma: number }>

  constructor(
    calibration: Calibration,
    readonly random: Random,
  ) {
    const { betweenMasters } = calibration
    const own = betweenMasters === null ? 1 : drawLogNormal(random, 1, betweenMasters)
    this.shapes = Object.fromEntries(
      Object.entries(calibration.costs).map(([name, { p10, p50, p90 }]) => [
        name,
        { medianNs: own * p50 * 1e3, sigma: p10 > 0 ? Math.log(p90 / p10) / P10_TO_P90_SIGMAS : 0 },
      ]),
    ) as typeof this.shapes
  }

  /** @returns whole ns, at least 1 */
  drawNs(name: CostName): number {
    const { medianNs, sigma } = this.shapes[name]
    return Math.max(1, Math.round(drawLogNormal(this.random, medianNs, sigma)))
  }

  /** Of many together, where each is as long as the others: what differs is the day. */
  drawManyNs(name: CostName, count: number): number {
    return count === 0 ? 0 : Math.max(1, Math.round(this.drawNs(name) * count))
  }
}
