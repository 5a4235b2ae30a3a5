import { formatCount, formatDurationUs } from '../../core/units.js'
import type { MetricSummary, PhaseResult, RunResult, TimeSummary } from '../../metrics/run-result.js'

/** A step as it was planned. */
export interface PlannedStep {
  /** Of its phase. */
  readonly name: string
  /** `move 1,000 mailboxes from be1 to be2` */
  readonly what: string
  readonly mailboxesPerSecond: number
  readonly kind: keyof typeof WORK
}

/** A run of steps, and what was planned: all that its page says. */
export interface Rehearsal {
  readonly run: RunResult
  readonly steps: readonly PlannedStep[]
  /** Mailboxes of each server in the dump; null where there was none. */
  readonly before: Readonly<Record<string, number>> | null
  /** Phases in which it was killed, and gone on with: their figures are those of the rest. */
  readonly brokenOff?: readonly string[]
  /** What was tried for the highest rate; absent where that was not asked for. */
  readonly rates?: {
    /** The highest that was a go; null: none. */
    readonly low: number | null
    /** The lowest that was none, by the master's own fault. */
    readonly high: number | null
    /** There was no time to find it out to a tenth. */
    readonly isCutShort: boolean
    readonly tried: readonly {
      readonly mailboxesPerSecond: number
      readonly outcome: 'held' | 'failed' | 'harness'
      readonly why: string
    }[]
  }
}

/** A piece of the page: sentences, and then figures. */
export interface Part {
  /** Empty for that which needs none. */
  readonly title: string
  readonly lines?: readonly string[]
  readonly table?: PartTable
}

export interface PartTable {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** So many columns, from the left, hold words. */
  readonly words: number
}

/** The page below its headline. */
export function partsOf(rehearsal: Rehearsal): Part[] {
  const { run, steps } = rehearsal
  return [
    { title: '', lines: run.verdict.reasons },
    {
      title: 'Steps',
      lines: [...steps.map(({ name, what }) => `${name}: ${what}`), ...brokenOffLines(rehearsal)],
      table: { head: STEP_HEAD, rows: stepRows(rehearsal), words: 1 },
    },
    ...rateParts(rehearsal),
    {
      title: 'Mailboxes of each server',
      lines:
        run.master.serversListed === null
          ? ['not counted afterwards: only a master of its own is, and one that is still there']
          : [],
      table: { head: ['server', 'before', 'after'], rows: serverRows(rehearsal), words: 1 },
    },
    {
      title: 'Stop at these lines of syslog',
      lines: STOP_LINES.map(([line, where, then]) => `${where}: “${line}”: ${then}`),
    },
    { title: 'What users notice', lines: usersNotice(rehearsal) },
    { title: 'Turning back', lines: [rollbackText(rehearsal)] },
    { title: 'Not rehearsed', lines: notRehearsed(rehearsal) },
    { title: 'How far to believe it', lines: [basisText(rehearsal)] },
  ]
}

const WORDS = { pass: 'GO', fail: 'NO-GO', invalid: 'UNKNOWN', inconclusive: 'UNKNOWN' } as const

export function headlineOf({ run }: Rehearsal): string {
  const { verdict, profile, master, startedAt } = run
  return `${WORDS[verdict.result]}: ${profile.name} on ${master.kind} ${master.version}, ${startedAt.slice(0, 10)}`
}

export const STEP_HEAD = ['step', 'begins at', 'takes', 'asked for', 'done', 'waits, 1 %', 'lists', 'NOOP, worst']

/** Of steps that were reached. */
function stepRows({ run, steps }: Rehearsal): string[][] {
  return steps.flatMap(step => {
    const phase = run.phases.find(({ name }) => name === step.name)
    return phase === undefined ? [] : [stepRow(step, phase, run)]
  })
}

function brokenOffLines({ brokenOff = [], steps }: Rehearsal): string[] {
  const names = brokenOff.filter(broken => steps.some(({ name }) => name === broken))
  return names.map(name => `${name} was broken off, and gone on with: what is said of it is said of the rest`)
}

const OUTCOMES = { held: 'go', failed: 'no go', harness: 'the harness was the limit' } as const

function rateParts({ rates }: Rehearsal): Part[] {
  if (rates === undefined) return []
  const { low, high, isCutShort, tried } = rates
  const go = low === null ? 'no rate that was tried is a go' : `${formatCount(low)} mailboxes a second is a go`
  const beyond = high === null ? 'none that was tried is no go' : `${formatCount(high)} is none`
  return [
    {
      title: 'The highest rate',
      lines: [
        `${go}; ${beyond}`,
        ...(isCutShort ? ['the time was up before it was known to a tenth: give more --budget'] : []),
      ],
      table: {
        head: ['all steps at', '', 'why'],
        rows: tried.map(trial => [`${formatCount(trial.mailboxesPerSecond)}/s`, OUTCOMES[trial.outcome], trial.why]),
        words: 3,
      },
    },
  ]
}

function stepRow({ name, kind, mailboxesPerSecond }: PlannedStep, phase: PhaseResult, run: RunResult): string[] {
  const { done, waits } = workOf(phase, kind)
  const [first] = run.phases
  return [
    name,
    formatDurationUs((phase.startMs - first!.startMs) * 1e3),
    `${formatDurationUs(phase.durationMs * 1e3)}${phase.ended === 'condition' ? '' : ` (${phase.ended})`}`,
    `${formatCount(mailboxesPerSecond)}/s`,
    `${rateText((done * 1e3) / phase.durationMs)}/s`,
    waits,
    String(phase.commands.UPDATE?.count ?? 0),
    worst(phase.commands['NOOP.slave']),
  ]
}

function rateText(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : formatCount(Math.round(rate))
}

function worst(metric: MetricSummary | undefined): string {
  const times = metric?.responseTimeUs ?? metric?.serviceTimeUs
  return times === undefined ? '–' : bounded(times, 'max')
}

function bounded(times: TimeSummary, which: 'p99' | 'max'): string {
  return `${times.lowerBounds.includes(which) ? '≥ ' : ''}${formatDurationUs(times[which])}`
}

/** By which a step's mailboxes are counted: what ends the work on one. */
const WORK = {
  move: ['moveIn'],
  replace: ['moveIn'],
  renameDomain: ['rename'],
  create: ['create'],
  delete: ['delete'],
  setAcl: ['setacl'],
  push: ['push'],
  undo: ['moveIn', 'push', 'rename', 'setacl', 'delete'],
} as const

/** What was done of it, and the longest that one mailbox in a hundred waited; what arrives by chance counts with it. */
function workOf({ operations }: PhaseResult, kind: keyof typeof WORK) {
  const metrics = WORK[kind].map(name => operations[name]).filter(metric => metric !== undefined)
  const done = metrics.reduce((sum, { count, failed, unfinished }) => sum + count - failed - unfinished, 0)
  const [longest] = metrics.flatMap(({ responseTimeUs }) => responseTimeUs ?? []).toSorted((a, b) => b.p99 - a.p99)
  return { done, waits: longest === undefined ? '–' : bounded(longest, 'p99') }
}

/** Mailboxes of each server, reserved ones too. */
function serverRows({ run, before }: Rehearsal): string[][] {
  const after = run.master.serversListed
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].sort()
  const text = (counts: Readonly<Record<string, number>> | null, name: string) =>
    counts === null ? '–' : formatCount(counts[name] ?? 0)
  return names.map(name => [name, text(before, name), text(after, name)])
}

/** Of a syslog, and what to do then. */
const STOP_LINES: readonly (readonly string[])[] = [
  [
    'connection to master timed out',
    'frontend',
    'stop the step; let the frontends that are away come back one after the other, each when the one before says “mailbox list synchronization complete”',
  ],
  ['Server too busy, dropping connection', 'master', 'stop the step: mupdate_connections_max is reached'],
  [
    'process type:SERVICE name:mupdate … signaled to death',
    'master',
    'stop the step; hold frontends back until ctl_mboxlist -d on the master has as many mailboxes as before',
  ],
]

function usersNotice({ run, steps }: Rehearsal): string[] {
  const { create } = run.total.operations
  const created = create?.responseTimeUs ?? create?.serviceTimeUs
  const lists = reached(run, steps)
    .flatMap(({ commands }) => commands.UPDATE?.serviceTimeUs ?? [])
    .toSorted((a, b) => b.max - a.max)
  const { timeouts, leastStreaming, count } = run.slaves
  return [
    created === undefined ? 'no mailbox was created meanwhile' : `a new mailbox takes up to ${bounded(created, 'max')}`,
    ...(lists.length === 0
      ? []
      : [
          `a frontend that restarts meanwhile reads its list for up to ${bounded(lists[0]!, 'max')}, then merges it; until then it serves nobody`,
        ]),
    `frontends away at one time: ${Math.max(0, count - leastStreaming)} of ${count}; ${timeouts} time-outs`,
  ]
}

function reached(run: RunResult, steps: readonly PlannedStep[]): PhaseResult[] {
  return run.phases.filter(({ name }) => steps.some(step => step.name === name))
}

/** The way back. */
function rollbackText({ run, steps, brokenOff = [] }: Rehearsal): string {
  const undo = steps.find(({ kind }) => kind === 'undo')
  if (undo === undefined) return 'the way back was not rehearsed: --undo does it, and times it'
  const phase = run.phases.find(({ name }) => name === undo.name)
  if (phase?.ended !== 'condition') return 'the way back was not gone to its end: how long it takes is not known'
  const took = `the way back took ${formatDurationUs(phase.durationMs * 1e3)}`
  const there = steps.filter(({ kind }) => kind !== 'undo')
  const isWhole = run.phases.filter(
    ({ name, ended }) => ended === 'condition' && there.some(step => step.name === name),
  )
  return isWhole.length === there.length && !brokenOff.includes(undo.name)
    ? `${took} for all of it: begin it no later than so long before the night is over`
    : `${took} for a part of it: how long all of it takes is not known`
}

function notRehearsed({ run, steps, before }: Rehearsal): string[] {
  const wasUndone = reached(
    run,
    steps.filter(({ kind }) => kind === 'undo'),
  ).some(({ ended }) => ended === 'condition')
  return [
    'mail itself: how long a user’s takes to be copied is known to who has copied some',
    'the network, TLS, what else the master’s host does that night, and the frontends’ merging of lists but by mergePerMailbox',
    ...(run.slaves.comparisons.some(({ failure }) => failure === null)
      ? []
      : ['whether frontends hold what they should: nothing was compared']),
    ...(run.master.kind === 'cyrus' || run.master.kind === 'remote'
      ? []
      : ['a real master: all figures are of a stand-in']),
    ...(before === null ? ['the site’s own mailboxes: --dump takes them from ctl_mboxlist -d'] : []),
    ...(wasUndone ? [] : ['the way back']),
  ]
}

/** How far to believe the figures. */
function basisText({ run }: Rehearsal): string {
  const { kind, address } = run.master
  const how = { remote: `measured on ${address}`, cyrus: 'measured on this host', model: 'modelled, not measured' }
  const basis = kind in how ? how[kind as keyof typeof how] : 'of the embedded master, which says nothing of a Cyrus'
  return `all figures: ${basis}; once, so that another run will differ`
}
