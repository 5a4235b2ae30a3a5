import type { NatsConnection, Subscription } from '@nats-io/transport-node'
import type { Clock } from '../core/clock.js'
import { HarnessError, messageOf } from '../core/errors.js'
import { formatDurationUs } from '../core/units.js'
import type { MasterProbe, ProbeFacts, ProbeListener } from '../engine/master-probe.js'
import { askClock } from './ask-clock.js'
import type { ClockOffset } from './clock-offset.js'
import { LookLine } from './look-line.js'
import { looksOf, type Look, type ProbeHello, probeOf, type ProbeReply, type ProbeRequest } from './probe-protocol.js'
import { BEAT_MS, decode, encode, heard, LOST_MS } from './protocol.js'

const ASK_MS = 1_000
/** A phase waits for it. */
const LOOK_MS = 500

export interface ProbeLinkOptions {
  readonly probe: ProbeHello
  /** Of the kernel that runs here. */
  readonly bootId: string
  readonly clock: Clock
  readonly originS: number
}

/** A run's end of the way to a probe: asks it to go on looking, and sees whether what comes is whole. */
export class ProbeLink implements MasterProbe {
  private offset: ClockOffset = { ns: 0, errorNs: 0 }
  private readonly line: LookLine
  private subscription: Subscription | undefined
  private timer: NodeJS.Timeout | undefined
  private heardAtMs = 0
  private lost: { readonly why: string; readonly sinceNs: number } | undefined
  private pid: number | undefined
  private listener: ProbeListener | undefined

  constructor(
    private readonly nats: NatsConnection,
    private readonly options: ProbeLinkOptions,
  ) {
    this.line = new LookLine(ns => this.listener?.onMissed(ns))
  }

  get facts(): ProbeFacts {
    const { name, host } = this.options.probe
    return { name, host, clock: this.offset, missedNs: this.line.missedNs, lost: this.lost?.why }
  }

  async begin(listener: ProbeListener): Promise<void> {
    const { bootId, clock, probe } = this.options
    this.offset = await askClock(async () => {
      const reply = await this.ask({ kind: 'clock' })
      if (reply.kind !== 'clock') throw this.error('it does not tell its time')
      return reply
    }, bootId)
    this.subscription = this.nats.subscribe(looksOf(probe.id), {
      callback: (error, { data }) => {
        const look = error === null ? heard<Look>(data, 'fromNs', 'toNs', 'pid', 'sample') : undefined
        if (look !== undefined) this.take(look)
      },
    })
    this.line.begin(clock.nowNs())
    await this.ask({ kind: 'look' })
    this.listener = listener
    this.heardAtMs = performance.now()
    this.timer = setInterval(() => this.see(), BEAT_MS)
  }

  async look(): Promise<void> {
    if (this.lost !== undefined || this.listener === undefined) return
    try {
      await this.ask({ kind: 'look' }, LOOK_MS)
    } catch {
      // What it has not said by now belongs to nothing that comes later.
      this.line.settle(this.options.clock.nowNs())
    }
  }

  end(): void {
    clearInterval(this.timer)
    this.subscription?.unsubscribe()
    if (this.lost !== undefined) this.line.settle(this.options.clock.nowNs())
    this.listener = undefined
  }

  private take(look: Look): void {
    this.heardAtMs = performance.now()
    const [fromNs, toNs] = [this.inRun(look.fromNs), this.inRun(look.toNs)]
    if (this.listener === undefined) this.line.begin(toNs)
    if (this.listener === undefined || !this.line.take(fromNs, toNs)) return
    if (this.lost !== undefined) {
      const away = formatDurationUs((toNs - this.lost.sinceNs) / 1e3)
      this.lost = undefined
      this.listener.onBack(`probe ${this.name} is heard again: nothing was known of the master’s CPU for ${away}`)
    }
    this.follow(look.pid)
    if (look.sample !== null) this.listener.onSample({ ...look.sample, atNs: toNs })
  }

  private follow(pid: number | null): void {
    if (pid === null) return
    if (this.pid !== undefined && this.pid !== pid) this.listener?.onRestart(this.pid, pid)
    this.pid = pid
  }

  private see(): void {
    const nowNs = this.options.clock.nowNs()
    if (!this.nats.isClosed())
      this.nats.publish(probeOf(this.options.probe.id), encode({ kind: 'watch' } satisfies ProbeRequest))
    if (performance.now() - this.heardAtMs < LOST_MS) return
    if (this.lost === undefined) {
      this.lost = { why: `nothing was heard of it for ${LOST_MS / 1e3} s`, sinceNs: this.line.settledNs }
      this.listener?.onLost(`probe ${this.name} is lost: ${this.lost.why}; the master’s CPU is not measured meanwhile`)
    }
    this.line.settle(nowNs)
  }

  private get name(): string {
    const { name, host } = this.options.probe
    return `${name} on ${host}`
  }

  private inRun(probeNs: number): number {
    return probeNs - this.options.originS * 1e9 - this.offset.ns
  }

  private async ask(request: ProbeRequest, timeout = ASK_MS): Promise<ProbeReply> {
    try {
      const { data } = await this.nats.request(probeOf(this.options.probe.id), encode(request), { timeout })
      return decode<ProbeReply>(data)
    } catch (error) {
      throw this.error(`it does not answer: ${messageOf(error)}`, error)
    }
  }

  private error(what: string, cause?: unknown): HarnessError {
    return new HarnessError('AGENTS', `probe ${this.name}: ${what}`, 'look at what it says there', { cause })
  }
}
