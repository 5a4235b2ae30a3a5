import { clip } from '../../core/text-width.js'
import { formatCount, formatDurationUs } from '../../core/units.js'
import type { RunResult } from '../../metrics/run-result.js'
import { basisOf } from './basis.js'
import { howKnownPart } from './how-known.js'
import { doneSteps, type DoneStep, type Part, type Rates, type Rehearsal } from './rehearsal.js'
import { rollbackOf, rollbackPart } from './rollback.js'
import { bounded, meanwhilePart, runbookPart } from './runbook.js'
import { stopPart } from './stop-lines.js'
import { settingsPart } from './temporary-settings.js'

/** The page below its headline. */
export function partsOf(rehearsal: Rehearsal): Part[] {
  const { run, rates } = rehearsal
  return [
    { title: '', lines: run.verdict.reasons },
    ...(run.slaves.conditions.length === 0 ? [] : [causesPart(run)]),
    runbookPart(rehearsal),
    stopPart(rehearsal),
    rollbackPart(rehearsal),
    settingsPart(rehearsal),
    meanwhilePart(rehearsal),
    ...(rates === undefined ? [] : [ratesPart(rates)]),
    { title: 'What users notice', lines: usersNotice(rehearsal) },
    serversPart(rehearsal),
    { title: 'Not rehearsed', lines: notRehearsed(rehearsal) },
    howKnownPart(rehearsal),
  ]
}

const WORDS = { pass: 'GO', fail: 'NO-GO', invalid: 'UNKNOWN', inconclusive: 'UNKNOWN' } as const

export function headlineOf({ run }: Rehearsal): string {
  const { verdict, profile, master, startedAt } = run
  return `${WORDS[verdict.result]}: ${profile.name} on ${master.kind} ${master.version}, ${startedAt.slice(0, 10)}`
}

/** What the master's limits did that night, and how it is kept from it. */
function causesPart({ slaves }: RunResult): Part {
  const lines = slaves.conditions.flatMap(({ name, atMs, detail, remedy }) => [
    `${name} (${formatDurationUs(atMs * 1e3)} after the rehearsal began): ${detail}`,
    `→ ${remedy}`,
  ])
  return { title: 'What the master ran into', lines }
}

const OUTCOMES = { held: 'go', failed: 'no go', harness: 'the harness was the limit' } as const

function ratesPart({ low, high, cutShort, tried }: Rates): Part {
  const go = low === null ? 'no rate that was tried is a go' : `${formatCount(low)} mailboxes a second is a go`
  const beyond = high === null ? 'none that was tried is no go' : `${formatCount(high)} is none`
  return {
    title: 'The highest rate',
    lines: [
      `${go}; ${beyond} (one rehearsal at each, all steps at that rate)`,
      ...(cutShort === null ? [] : [`it is not known to a tenth: ${cutShort}`]),
      ...tried.map(({ mailboxesPerSecond, outcome, why }) => {
        const because = why === '' ? '' : `: ${why}`
        return `${formatCount(mailboxesPerSecond)}/s: ${OUTCOMES[outcome]}${because}`
      }),
    ],
  }
}

/** So that three columns have room on a line of a terminal. */
const SERVER_COLUMNS = 50

/** Mailboxes of each server, reserved ones too. */
function serversPart({ run, before }: Rehearsal): Part {
  const after = run.master.serversListed
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].sort()
  const text = (counts: Readonly<Record<string, number>> | null, name: string) =>
    counts === null ? '–' : formatCount(counts[name] ?? 0)
  return {
    title: 'Mailboxes of each server',
    lines:
      after === null ? ['not counted afterwards: the master was not there any more, or the run was interrupted'] : [],
    table: {
      head: ['server', 'before', 'after'],
      rows: names.map(name => [clip(name, SERVER_COLUMNS), text(before, name), text(after, name)]),
      words: 1,
    },
  }
}

function usersNotice(rehearsal: Rehearsal): string[] {
  const { run, mailboxes, mergeNsPerMailbox } = rehearsal
  const { full } = basisOf(run)
  const phases = doneSteps(rehearsal)
  const lists = phases.flatMap(({ phase }) => phase.commands.UPDATE?.serviceTimeUs ?? [])
  const longest = lists.toSorted((a, b) => b.max - a.max)[0]
  const merge =
    mergeNsPerMailbox === 0
      ? 'then merges it, for how long was not rehearsed'
      : `then merges it, for ${formatDurationUs((mailboxes * mergeNsPerMailbox) / 1e3)} (modelled)`
  const { timeouts, leastStreaming, count } = run.slaves
  return [
    creates(phases, full),
    ...(longest === undefined
      ? []
      : [
          `a frontend that restarts meanwhile reads its list for up to ${bounded(longest, 'max')} (${full}), ${merge}; until then it serves nobody`,
        ]),
    `frontends away at one time: ${Math.max(0, count - leastStreaming)} of ${count}; ${timeouts} time-outs (${full})`,
  ]
}

/** Of people, as far as they can be told from a step that creates. */
function creates(phases: readonly DoneStep[], full: string): string {
  const [longest] = phases
    .map(({ phase }) => phase)
    .filter(({ operations, steps }) => (operations.create?.count ?? 0) > (steps['step.create']?.count ?? 0))
    .flatMap(({ operations: { create } }) => create?.responseTimeUs ?? create?.serviceTimeUs ?? [])
    .toSorted((a, b) => b.max - a.max)
  return longest === undefined
    ? 'nobody created a mailbox meanwhile'
    : `a new mailbox takes up to ${bounded(longest, 'max')} (${full})`
}

function notRehearsed(rehearsal: Rehearsal): string[] {
  const { run, steps, before, rates } = rehearsal
  const isReached = (name: string) => run.phases.some(phase => phase.name === name)
  return [
    'mail itself: how long a user’s takes to be copied is known to who has copied some',
    'the network, TLS, what else the master’s host does that night, and the frontends’ merging of lists but by mergePerMailbox',
    'real frontends and backends: the harness plays them, and sends what they send',
    ...steps.filter(({ name }) => !isReached(name)).map(({ name, what }) => `${name}, which was not reached: ${what}`),
    ...(run.slaves.comparisons.some(({ failure }) => failure === null)
      ? []
      : ['whether frontends hold what they should: nothing was compared']),
    ...(run.master.kind === 'cyrus' || run.master.kind === 'remote'
      ? []
      : ['a real master: all figures are of a stand-in']),
    ...(before === null ? ['the site’s own mailboxes: --dump takes them from ctl_mboxlist -d'] : []),
    ...(rates === undefined ? ['higher rates: --find-rate searches the highest that is a go'] : []),
    ...(rollbackOf(rehearsal).whole === undefined ? ['the way back'] : []),
  ]
}
