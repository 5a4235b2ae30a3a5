import { HarnessError } from '../core/errors.js'
import type { DriverContext } from '../drivers/context.js'
import type { Slaves } from '../drivers/slaves.js'
import type { MailboxRecord } from '../core/mailbox.js'
import { ANSWER_MS } from './plan.js'
import { Client } from '../session/client.js'
import { type Difference, Holding } from '../slaves/holding.js'
import type { Ledger } from '../slaves/ledger.js'
import type { RealLoss } from '../slaves/real-merge.js'
import { RecordSpan } from '../wire/record-scanner.js'
import { recordOf } from '../wire/reply.js'

export interface ConvergenceDifference {
  /** `slave 3`, or `master`: by a LIST. */
  readonly where: string
  readonly kind: Difference['kind']
  readonly name: string
}

/** A phase in which slaves were to be compared. */
export interface Comparison {
  readonly phase: string
  /** Undefined where it could not be made. */
  readonly convergence?: Convergence
  /** Why it could not. */
  readonly failure?: string
  /** All that a simulation knows: its slaves hold counts, and counts are not compared. */
  readonly barrier?: Barrier
}

/** Slaves are waited for: each sends NOOP, and has its OK. */
export interface Barrier {
  /** From the last operation's end until every slave had its NOOP answered. */
  readonly convergeNs: number
  /** Slaves that did not come through in time. */
  readonly away: readonly number[]
}

/** Whether all slaves, and the master, hold what they should once nothing changes any more. */
export interface Convergence extends Barrier {
  /** Slaves whose records were followed. */
  readonly followed: number
  readonly differenceCount: number
  /** The first of each. */
  readonly differences: readonly ConvergenceDifference[]
  /** Deliveries of changes that never came. */
  readonly missing: number
  /** Mailboxes left out, since their last operation failed or was never answered. */
  readonly open: number
  readonly realLosses: readonly RealLoss[]
  /** Resyncs of which it is not known what a real slave would have lost. */
  readonly realUnknown: number
  /** Mailboxes of the master's LIST; undefined where it was not asked. */
  readonly listed: number | undefined
}

/** The one that tells most: with the most differences, then the most slaves away, then the last. */
export function worstOf(comparisons: readonly Comparison[]): Convergence | undefined {
  const made = comparisons.flatMap(({ convergence }) => convergence ?? [])
  const badness = ({ differenceCount, away }: Convergence) => [differenceCount, away.length]
  return made.toSorted((a, b) => badness(a)[0] - badness(b)[0] || badness(a)[1] - badness(b)[1]).at(-1)
}

/** What the threads found that have slaves. @param parts at least one */
export function together(parts: readonly Convergence[]): Convergence {
  const sum = (of: (part: Convergence) => number) => parts.reduce((total, part) => total + of(part), 0)
  return {
    followed: sum(({ followed }) => followed),
    convergeNs: Math.max(...parts.map(({ convergeNs }) => convergeNs)),
    away: parts.flatMap(({ away }) => away).sort((a, b) => a - b),
    differenceCount: sum(({ differenceCount }) => differenceCount),
    differences: parts.flatMap(({ differences }) => differences),
    missing: sum(({ missing }) => missing),
    // Each leaves out the same ones.
    open: Math.max(...parts.map(({ open }) => open)),
    realLosses: parts.flatMap(({ realLosses }) => realLosses),
    realUnknown: sum(({ realUnknown }) => realUnknown),
    listed: parts.find(({ listed }) => listed !== undefined)?.listed,
  }
}

/** Differences named for each slave and the master; all are counted. */
const MOST_NAMED = 20

/**
 * A barrier and a comparison. Mutations must have ended.
 *
 * @throws {HarnessError} when the master does not answer: nobody can catch up with it
 * @param asks whether this is the thread that asks the master for all
 * @param site mailboxes before the first operation; undefined when it is not known what there was
 */
export async function converge(
  context: DriverContext & { readonly ledger: Ledger },
  slaves: Slaves,
  site: Iterable<MailboxRecord> | undefined,
  { asks, mayList }: { readonly asks: boolean; readonly mayList: boolean },
  limitMs: number,
): Promise<Convergence> {
  const { ledger, clock } = context
  // One thread asks for all: at a master’s limits each more would be one too many.
  if (asks) await (await Client.connect({ ...reach(context), timeoutMs: ANSWER_MS })).logout()
  const startNs = clock.nowNs()
  const came = await slaves.catchUp(limitMs)
  const convergeNs = clock.nowNs() - startNs
  // What waits still would be taken for what its slaves do not have.
  if ((await ledger.held?.known(clock.nowNs())) === false)
    throw new HarnessError(
      'INTERNAL',
      'a thread that has backends is too busy to say what it has sent',
      'give it a CPU',
    )
  const away = came.filter(({ through }) => !through).map(({ index }) => index)
  if (site !== undefined) ledger.expectSite(site)
  const differences: ConvergenceDifference[] = []
  let differenceCount = 0
  const note = (where: string, { count, first }: { count: number; first: Difference[] }) => {
    differenceCount += count
    differences.push(...first.map(difference => ({ where, ...difference })))
  }
  const listed = mayList ? await list(context) : undefined
  if (listed !== undefined) note('master', ledger.compare(listed, MOST_NAMED, startNs))
  for (const { index, follower, through } of came) {
    if (!through) continue
    note(`slave ${index}`, ledger.compare(follower.holding, MOST_NAMED, startNs))
    note(`slave ${index}`, ledger.repeated(follower, MOST_NAMED))
  }
  return {
    followed: came.length,
    convergeNs,
    away,
    differenceCount,
    differences,
    missing: ledger.missing,
    open: ledger.open(startNs),
    realLosses: ledger.realLosses(),
    realUnknown: ledger.merges.skipped,
    listed: listed?.count,
  }
}

/** The master's own list. Holds its lock as a dump does: for masters of our own only. */
async function list(context: DriverContext & { ledger: Ledger }): Promise<Holding> {
  const { ledger } = context
  const client = await Client.connect(reach(context))
  const holding = new Holding(ledger.catalogue)
  const span = new RecordSpan()
  let cursor = -1
  await new Promise<void>((resolve, reject) => {
    client.send(
      { kind: 'LIST' },
      {
        onRecord(frame, code) {
          if (!recordOf(frame, code, span)) return
          const version = ledger.catalogue.identify(span, cursor)
          cursor = ledger.catalogue.versionName[version]
          holding.set(version)
        },
        onDone: () => resolve(),
        onLost: reject,
      },
    )
  })
  await client.logout()
  return holding
}

function reach({ address, credentials, clock }: DriverContext) {
  return { address, credentials, clock }
}
