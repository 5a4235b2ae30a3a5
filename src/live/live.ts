import { EventLog } from './event-log.js'
import type { LiveAddress } from './live-address.js'
import { LiveFeed } from './live-feed.js'
import { LiveMetrics } from './live-metrics.js'
import { LiveServer } from './live-server.js'
import { livePage } from './live-page.js'

export interface LiveOptions {
  readonly address: LiveAddress
  readonly token: string
  /** Somebody chose it, and may use it again. */
  readonly isTokenGiven: boolean
}

/** The dashboard of one run, from before its master is started until its results are known. */
export class Live {
  readonly feed: LiveFeed
  private stop: (() => void) | undefined
  private isStopDue = false
  private readonly server: LiveServer

  private constructor(options: LiveOptions) {
    const log = new EventLog()
    const metrics = new LiveMetrics()
    this.server = new LiveServer({
      ...options,
      log,
      page: livePage(),
      metrics: () => metrics.text(),
      onStop: () => {
        this.isStopDue = true
        this.stop?.()
      },
    })
    this.feed = new LiveFeed(log, metrics, () => this.server.tell())
  }

  /** @throws {HarnessError} `USAGE` when it cannot listen there */
  static async open(options: LiveOptions): Promise<Live> {
    const live = new Live(options)
    await live.server.start()
    return live
  }

  /** Does what Ctrl-C does, when somebody asks for it; at once, if somebody has. */
  set onStop(stop: () => void) {
    this.stop = stop
    if (this.isStopDue) stop()
  }

  /** With the token: whoever has it may watch and stop. */
  get url(): string {
    return this.server.url
  }

  async close(): Promise<void> {
    await this.server.stop()
  }
}
