import { type Clock, monotonicClock, monotonicOriginS } from '../core/clock.js'
import { EXIT, type ExitStatus, gravest } from '../core/exit-status.js'
import type { MailboxRecord } from '../core/mailbox.js'
import { packageVersion } from '../core/package-root.js'
import { formatCount } from '../core/units.js'
import { Replay } from '../drivers/replay.js'
import { putState } from '../drivers/replay-state.js'
import { SATURATION } from '../engine/saturation.js'
import { SpanTallies } from '../engine/span-tallies.js'
import type { Master } from '../masters/master.js'
import { loadHistograms } from '../metrics/latency.js'
import { Recorder } from '../metrics/recorder.js'
import type { ReplayResult } from '../metrics/replay-result.js'
import type { Profile } from '../profile/load.js'
import { KnownMailboxes } from '../traces/known-mailboxes.js'
import { createMaster, type MasterChoice } from './choose-master.js'
import type { GivenTraces } from './given-traces.js'
import type { Permissions } from './permission.js'
import type { Progress } from './progress.js'
import { RemoteReplay } from './replay-remote.js'
import { onInterrupt } from './signals.js'
import { whyAway } from './why-away.js'

export interface ReplayTracesOptions extends GivenTraces, Permissions {
  readonly choice: MasterChoice
  readonly profile: Profile
  readonly speed: number
  readonly allowCrash: boolean
  readonly passwordFile?: string
  readonly progress: Progress
}

const NOTE_MS = 1000

/** A master, what the traces expect on it, and then the traces. */
export async function replayTraces(
  options: ReplayTracesOptions,
): Promise<{ readonly result: ReplayResult; readonly status: ExitStatus }> {
  const { choice, profile, progress, expectation } = options
  const clock = monotonicClock(monotonicOriginS())
  await loadHistograms()
  const remote = choice.kind === 'remote' ? new RemoteReplay(choice.address, options) : undefined
  const master = await createMaster(choice, profile, clock, options.passwordFile)
  const restarts = { count: 0 }
  master.onEvent(event => {
    if (event.kind === 'restarted') restarts.count++
  })
  const replaying = new Replaying(options, master, clock)
  const release = onInterrupt(
    () => {
      progress.line('interrupted: stopping, what there is follows (Ctrl-C again to leave at once)')
      replaying.interrupt()
    },
    () => {
      remote?.warnLeft(master)
      return master.stop()
    },
  )
  try {
    progress.line(`starting the ${master.kind} master`)
    await master.start()
    await remote?.begin(master, clock)
    const startedAt = new Date().toISOString()
    const known = new KnownMailboxes()
    const preloaded = await replaying.preload(expectation.mailboxes(), known)
    await replaying.play(known)
    const isLost = !replaying.isInterrupted && (await whyAway(master, clock)) !== undefined
    const result = { ...replaying.result(startedAt, preloaded), masterRestarts: restarts.count }
    return { result, status: statusOf(result, isLost) }
  } finally {
    progress.clear()
    await remote?.end(master, clock)
    release()
    replaying.destroy()
    await master.stop()
  }
}

/** The replay itself, and what is told of it. */
class Replaying {
  isInterrupted = false
  private readonly recorder = new Recorder()
  private replay: Replay | undefined
  private endNs = 0

  constructor(
    private readonly options: ReplayTracesOptions,
    private readonly master: Master,
    private readonly clock: Clock,
  ) {}

  interrupt(): void {
    this.isInterrupted = true
    this.replay?.stop('interrupted')
  }

  /** @returns how many are there */
  preload(mailboxes: Iterable<MailboxRecord>, known: KnownMailboxes): Promise<number> {
    const { address, credentials } = this.master
    return putState(address, credentials, this.clock, mailboxes, known, done => {
      this.options.progress.note(`putting there what the logs expect: ${formatCount(done)} mailboxes`)
      return !this.isInterrupted
    })
  }

  async play(known: KnownMailboxes): Promise<void> {
    const { address, credentials } = this.master
    const { traces, speed, allowCrash, progress } = this.options
    const { recorder, clock } = this
    const replay = new Replay({ address, credentials, clock, recorder, traces, speed, known, allowCrash })
    this.replay = replay
    const all = formatCount(traces.reduce((sum, { steps }) => sum + steps.length, 0))
    const notes = setInterval(() => progress.note(`${formatCount(replay.sent)} of ${all} commands sent`), NOTE_MS)
    const running = replay.run()
    if (this.isInterrupted) replay.stop('interrupted')
    await running
    clearInterval(notes)
    this.endNs = clock.nowNs()
  }

  result(startedAt: string, preloaded: number): Omit<ReplayResult, 'masterRestarts'> {
    const { traces, speed } = this.options
    const { kind, address } = this.master
    const replay = this.replay!
    const spanNs = this.endNs - replay.startNs
    const { commands, slip } = this.figures(spanNs)
    const from = traces.reduce((first, { startS }) => Math.min(first, startS), Infinity)
    return {
      schema: 'mupdate-bench/replay/1',
      harnessVersion: packageVersion(),
      startedAt,
      master: { kind, version: this.master.describe().version, address: `${address.host}:${address.port}` },
      speed: speed === Infinity ? 'max' : speed,
      original: {
        connections: traces.length,
        mostAtOnce: replay.mostAtOnce,
        commands: traces.reduce((sum, { steps }) => sum + steps.length, 0),
        seconds: traces.reduce((last, { endS }) => Math.max(last, endS), from) - from,
        leftOut: leftOutOf(traces),
      },
      preloaded,
      seconds: spanNs / 1e9,
      commands,
      records: replay.records,
      skipped: Object.fromEntries(replay.skipped),
      otherAnswers: Object.fromEntries(replay.otherAnswers),
      unserved: Object.fromEntries(replay.unserved),
      interrupted: this.isInterrupted,
      slipUs: slip ?? null,
      invalid:
        slip !== undefined && slip.p99 > SATURATION.scheduleSlipP99Us
          ? [`1 % of what was due was late by ${Math.round(slip.p99 / 1000)} ms or more: the harness was the limit`]
          : [],
    }
  }

  destroy(): void {
    this.recorder.destroy()
  }

  private figures(spanNs: number) {
    const span = new SpanTallies()
    for (const delta of this.recorder.eachDelta()) SpanTallies.addTo([span], delta)
    const { commands, harness } = span.summary(spanNs)
    span.destroy()
    const answers = (kind: string, answer: string) => this.replay!.answers.get(`${kind} ${answer}`) ?? 0
    return {
      slip: harness.slip?.responseTimeUs,
      commands: Object.entries(commands).map(([kind, metric]) => ({
        kind,
        ...metric,
        ...(kind === 'LOGIN'
          ? {}
          : { answers: { OK: answers(kind, 'OK'), NO: answers(kind, 'NO'), BAD: answers(kind, 'BAD') } }),
      })),
    }
  }
}

function leftOutOf(traces: GivenTraces['traces']): Record<string, number> {
  const all: Record<string, number> = {}
  for (const { leftOut } of traces) for (const [what, count] of leftOut) all[what] = (all[what] ?? 0) + count
  return all
}

function statusOf({ interrupted, invalid }: ReplayResult, isLost: boolean): ExitStatus {
  const statuses: ExitStatus[] = [EXIT.pass]
  if (interrupted) statuses.push(EXIT.interrupted)
  if (invalid.length > 0) statuses.push(EXIT.invalid)
  if (isLost) statuses.push(EXIT.master)
  return gravest(statuses)
}
