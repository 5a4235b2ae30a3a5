import { costAt, lawOf, type Point } from '../src/verdict/capacity/laws.js'
import type { Row } from './against-mupref.js'
import { runProfile } from './own.js'
import { median } from './pairs.js'

const FITTED = [50_000, 100_000, 200_000] as const
const PREDICTED = 500_000
const WITHIN = 0.15

interface Costs {
  /** From UPDATE to the list's OK: the median of five, one at a time. */
  readonly listMs: number
  /** The longest wait of a slave's NOOP, with updates to be sent before its OK, while another has its list. */
  readonly stallMs: number
}

/** Whether lines through what lists cost at 50,000 to 200,000 mailboxes say what they cost at 500,000, on a real Cyrus. */
export async function benchCosts(count: number): Promise<Row[]> {
  const points: (Costs & { readonly mailboxes: number })[] = []
  const measured: Costs[] = []
  // In turn, so that a slow hour is in all sizes.
  for (let i = 0; i < Math.ceil(count / 2); i++) {
    for (const mailboxes of FITTED) points.push({ mailboxes, ...(await costsAt(mailboxes)) })
    measured.push(await costsAt(PREDICTED))
  }
  return [
    row(
      'a list',
      points.map(({ mailboxes: x, listMs: y }) => ({ x, y })),
      measured.map(({ listMs }) => listMs),
    ),
    row(
      'a NOOP.slave’s stall',
      points.map(({ mailboxes: x, stallMs: y }) => ({ x, y })),
      measured.map(({ stallMs }) => stallMs),
    ),
  ]
}

async function costsAt(mailboxes: number): Promise<Costs> {
  const { result } = await runProfile('costs', [`site.mailboxes=${mailboxes}`], 'cyrus')
  const commands = result.phases.find(({ name }) => name === 'load')?.commands
  const noop = commands?.['NOOP.slave']?.responseTimeUs
  const list = commands?.UPDATE?.responseTimeUs
  const { result: verdict, reasons } = result.verdict
  if (verdict !== 'pass') throw new Error(`${mailboxes} mailboxes: ${verdict}: ${reasons.join('; ')}`)
  if (noop === undefined || noop.lowerBounds.length > 0 || list === undefined || list.lowerBounds.length > 0)
    throw new Error(`${mailboxes} mailboxes: nothing was measured`)
  const costs = { listMs: list.p50 / 1e3, stallMs: noop.max / 1e3 }
  process.stdout.write(`costs at ${mailboxes}: ${JSON.stringify(costs)}\n`)
  return costs
}

function row(what: string, points: readonly Point[], measured: readonly number[]): Row {
  const law = lawOf(points, false)
  if (law === null) throw new Error(`no line goes through what ${what} costs`)
  const predicted = costAt(law, PREDICTED)
  const error = predicted / median(measured) - 1
  const { intercept, slope } = law.coefficients
  return {
    work: `${what} at 500k, by a line through 50k, 100k, 200k: ${intercept!.toFixed(1)} ms + ${(slope! * 1e3).toFixed(2)} µs each`,
    target: 'within 15 %',
    measured: `${predicted.toFixed(0)} ms for ${median(measured).toFixed(0)} ms: ${(100 * error).toFixed(1)} %`,
    holds: Math.abs(error) <= WITHIN,
  }
}
