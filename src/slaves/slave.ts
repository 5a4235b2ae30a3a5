import type { HarnessError } from '../core/errors.js'
import { Client, type ConnectOptions } from '../session/client.js'
import type { Frame } from '../wire/frame.js'
import type { ReplyCode } from '../wire/reply.js'
import { deadlineNs, nextSlaveStep, type SlaveEvent, type SlaveState, type SlaveTimes } from './state.js'

/** What a slave tells about itself. Times are ns of the run's clock. */
export interface SlaveObserver {
  loggedIn(dueNs: number, startNs: number, doneNs: number): void
  /** @param records entries of the list */
  dumped(dueNs: number, sentNs: number, doneNs: number, records: number): void
  dumpUnfinished(dueNs: number, sentNs: number, nowNs: number): void
  record(frame: Frame, code: ReplyCode): void
  noopAnswered(intendedNs: number, sentNs: number, doneNs: number): void
  noopUnfinished(intendedNs: number, sentNs: number, nowNs: number): void
  timedOut(silentNs: number): void
  dropped(error: HarnessError): void
  loginRefused(dueNs: number, startNs: number, nowNs: number, error: unknown): void
  dumpRefused(dueNs: number, sentNs: number, nowNs: number, text: string): void
}

/** An answer that is on its way when a slave is stopped is no lost one. */
const GRACE_MS = 250

/** One frontend: the state machine of {@link SlaveState} with a connection and a timer. */
export class Slave {
  private state: SlaveState
  private client: Client | undefined
  private timer: NodeJS.Timeout | undefined
  private timerNs = Infinity
  private noops = 0
  private records = 0
  private stopped = false
  /** Nothing new is begun; what is under way may still end. */
  private leaving = false

  /** @param startNs when it connects for the first time */
  constructor(
    private readonly options: Omit<ConnectOptions, 'onLost'>,
    private readonly times: SlaveTimes,
    private readonly observer: SlaveObserver,
    startNs: number,
  ) {
    this.state = { phase: 'waiting', untilNs: startNs }
    this.arm()
  }

  get streaming(): boolean {
    return this.state.phase === 'streaming'
  }

  private get awaitsNoop(): boolean {
    return this.state.phase === 'streaming' && this.state.noop !== undefined
  }

  /** Waits a moment for a NOOP that is on its way, gives up what is under way then (lower bounds), and leaves. */
  async stop(logoutMs: number): Promise<void> {
    this.leaving = true
    clearTimeout(this.timer)
    for (let waitedMs = 0; waitedMs < GRACE_MS && this.awaitsNoop; waitedMs += 10) {
      await new Promise(resolve => setTimeout(resolve, 10))
    }
    this.stopped = true
    this.giveUp(this.options.clock.nowNs())
    await this.client?.logout(logoutMs)
  }

  private step(event: SlaveEvent): void {
    if (this.stopped) return
    const before = this.state
    const { state, action } = nextSlaveStep(before, event, this.times)
    this.state = state
    switch (action) {
      case 'connect':
        if (state.phase === 'connecting') void this.connect(state.dueNs, event.atNs)
        break
      case 'sendUpdate':
        this.sendUpdate()
        break
      case 'sendNoop':
        this.sendNoop()
        break
      case 'timeOut':
        this.timeOut(before, event.atNs)
        break
      case 'none':
        break
    }
    this.arm()
  }

  /** One timer, moved lazily: data resets the wait thousands of times a second, the timer looks when it fires. */
  private arm(): void {
    const dueNs = deadlineNs(this.state, this.times)
    if (dueNs === undefined || this.leaving) return
    if (this.timer !== undefined && this.timerNs <= dueNs) return
    clearTimeout(this.timer)
    this.timerNs = dueNs
    const waitMs = (dueNs - this.options.clock.nowNs()) / 1e6
    this.timer = setTimeout(
      () => {
        this.timer = undefined
        this.timerNs = Infinity
        this.step({ kind: 'timer', atNs: this.options.clock.nowNs() })
      },
      Math.max(0, Math.ceil(waitMs)),
    )
  }

  private async connect(dueNs: number, startNs: number): Promise<void> {
    const { clock } = this.options
    try {
      const client = await Client.connect({ ...this.options, onLost: error => this.lost(client, error) })
      if (this.stopped) return client.destroy()
      this.client = client
      this.observer.loggedIn(dueNs, startNs, clock.nowNs())
      this.step({ kind: 'loggedIn', atNs: clock.nowNs() })
    } catch (error) {
      if (this.stopped) return
      this.observer.loginRefused(dueNs, startNs, clock.nowNs(), error)
      this.step({ kind: 'lost', atNs: clock.nowNs() })
    }
  }

  private sendUpdate(): void {
    const client = this.client!
    const { observer } = this
    this.records = 0
    client.update(
      undefined,
      {
        onRecord: (frame, code) => {
          this.records++
          observer.record(frame, code)
        },
        onDone: (status, text) => this.listEnded(client, status, text),
        onLost: () => {},
      },
      { onRecord: (frame, code) => observer.record(frame, code) },
    )
  }

  private listEnded(client: Client, status: string, text: string): void {
    if (this.state.phase !== 'dumping') return
    const atNs = client.heardNs
    if (status !== 'OK') {
      this.observer.dumpRefused(this.state.dueNs, this.state.sentNs, atNs, text)
      client.destroy()
      this.step({ kind: 'lost', atNs })
      return
    }
    this.observer.dumped(this.state.dueNs, this.state.sentNs, atNs, this.records)
    client.onHeard = () => this.step({ kind: 'heard', atNs: client.heardNs })
    this.step({ kind: 'listEnded', atNs })
  }

  private sendNoop(): void {
    const client = this.client!
    client.send(
      { kind: 'NOOP' },
      {
        onDone: () => {
          if (this.state.phase !== 'streaming' || this.state.noop === undefined) return
          this.observer.noopAnswered(this.state.noop.intendedNs, this.state.noop.sentNs, client.heardNs)
          this.step({ kind: 'noopAnswered', atNs: client.heardNs })
        },
        onLost: () => {},
      },
      `N${++this.noops}`,
    )
  }

  private timeOut(before: SlaveState, nowNs: number): void {
    if (before.phase !== 'streaming' || before.noop === undefined) return
    this.observer.noopUnfinished(before.noop.intendedNs, before.noop.sentNs, nowNs)
    this.observer.timedOut(nowNs - before.noop.intendedNs + this.times.retryDelayNs)
    // It says LOGOUT and closes; a master that is stuck would not answer either.
    this.client?.send({ kind: 'LOGOUT' }, { onDone: () => {}, onLost: () => {} })
    this.client?.destroy()
    this.client = undefined
  }

  private lost(client: Client, error: HarnessError): void {
    if (this.stopped || client !== this.client) return
    const nowNs = this.options.clock.nowNs()
    this.giveUp(nowNs)
    this.client = undefined
    this.observer.dropped(error)
    this.step({ kind: 'lost', atNs: nowNs })
  }

  private giveUp(nowNs: number): void {
    const { state } = this
    if (state.phase === 'dumping') this.observer.dumpUnfinished(state.dueNs, state.sentNs, nowNs)
    if (state.phase === 'streaming' && state.noop !== undefined) {
      this.observer.noopUnfinished(state.noop.intendedNs, state.noop.sentNs, nowNs)
    }
  }
}
