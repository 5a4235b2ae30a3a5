import type { Clock } from '../core/clock.js'
import { Dialogue } from '../traces/dialogue.js'
import type { TraceLine } from '../traces/trace-line.js'

/** Where is told what the connections of a thread say. */
export interface Tracing {
  /** When the trace began. */
  readonly startNs: number
  /** A number for the next connection. */
  readonly next: () => number
  readonly onLine: (line: TraceLine) => void
}

let tracing: Tracing | undefined

/** From now on, for connections that are made; undefined: no more. */
export function startTracing(to: Tracing | undefined): void {
  tracing = to
}

/** What one connection says and hears, above TLS and COMPRESS. */
export class Traced {
  private readonly connection: number
  private readonly dialogue: Dialogue
  private isOpen = false

  private constructor(
    private readonly to: Tracing,
    private readonly clock: Clock,
  ) {
    this.connection = to.next()
    this.dialogue = new Dialogue({ connection: this.connection, everyRecord: false, onLine: to.onLine })
  }

  /** @returns undefined where nobody wants to know */
  static connection(clock: Clock): Traced | undefined {
    return tracing && new Traced(tracing, clock)
  }

  opened(): void {
    this.isOpen = true
    this.to.onLine({ atUs: this.atUs, connection: this.connection, event: 'opened' })
  }

  said(bytes: string | Uint8Array): void {
    this.dialogue.fromClient(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, { atUs: this.atUs })
  }

  heard(bytes: Uint8Array): void {
    this.dialogue.fromMaster(bytes, { atUs: this.atUs })
  }

  /** @param error where it was not closed by us */
  closed(error: string | undefined): void {
    const { atUs, connection, to } = this
    if (!this.isOpen) {
      if (error !== undefined) to.onLine({ atUs, connection, event: 'unreachable', error })
      return
    }
    this.dialogue.end(atUs)
    const end = error === undefined ? ({ by: 'client' } as const) : ({ by: 'master', error } as const)
    to.onLine({ atUs, connection, event: 'closed', ...end })
  }

  private get atUs(): number {
    return Math.round((this.clock.nowNs() - this.to.startNs) / 1000)
  }
}
