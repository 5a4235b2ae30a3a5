import { MAKE_NS, START } from '../src/masters/model/workers.js'
import { quantile } from '../src/statistics/quantile.js'
import type { Row } from './against-mupref.js'
import { spiedStorm } from './spied.js'

/** As bench/reference/workers-spy.c writes them. */
const IS_MADE = 0
const WAS_MADE = 1
const RUNS = 2
const ENDS = 3

/** The first thread that mupdate makes is no worker (imap/mupdate.c mupdate_placebo_kick_start). */
const PLACEBO = 1

/** From p50 to p90 of a normal distribution, in standard deviations. */
const P90_SIGMAS = 1.2816

/** What the model's workers have as constants, on a real Cyrus: how long it takes to make a thread, and until it runs. */
export async function benchWorkers(count: number): Promise<Row[]> {
  const makesNs: number[] = []
  const startsNs: number[] = []
  const most: number[] = []
  for (let run = 0; run < count; run++) {
    const events = await spiedStorm('workers-spy.c', run + 1)
    const madeNs = new Map<number, number>()
    let workers = 0
    let peak = 0
    for (const { kind, thread, ns } of events) {
      if (thread === PLACEBO) continue
      if (kind === IS_MADE) madeNs.set(thread, ns)
      else if (kind === WAS_MADE) makesNs.push(ns - madeNs.get(thread)!)
      else if (kind === RUNS) {
        startsNs.push(ns - madeNs.get(thread)!)
        peak = Math.max(peak, ++workers)
      } else if (kind === ENDS) workers--
    }
    most.push(peak)
  }
  const row = (work: string, samplesNs: readonly number[], share: number, modelledNs: number): Row => {
    const measuredNs = quantile(
      samplesNs.toSorted((a, b) => a - b),
      share,
    )
    return {
      work,
      target: `${(modelledNs / 1e3).toFixed(0)} µs, as modelled, within a factor of 2`,
      measured: `${(measuredNs / 1e3).toFixed(0)} µs (of ${samplesNs.length}; workers at once, told 50: ${most.join(', ')})`,
      holds: measuredNs >= modelledNs / 2 && measuredNs <= modelledNs * 2,
    }
  }
  return [
    row('to make a thread (p50)', makesNs, 0.5, MAKE_NS),
    row('until it runs (p50)', startsNs, 0.5, START.medianNs),
    row('until it runs (p90)', startsNs, 0.9, START.medianNs * Math.exp(START.sigma * P90_SIGMAS)),
  ]
}
