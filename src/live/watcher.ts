import type { ServerResponse } from 'node:http'
import type { EventLog } from './event-log.js'

/** Where nothing was taken for so long, nobody reads. */
export const STALLED_MS = 10_000

/**
 * Somebody who watches. It has a place in the log and no buffer of its own: what its socket does not take stays where it
 * is, so that one that does not read costs nothing.
 */
export class Watcher {
  private stalled: NodeJS.Timeout | undefined
  private isEnding = false

  /** @param lastId of the event that it had last */
  constructor(
    private readonly response: ServerResponse,
    private readonly log: EventLog,
    private lastId: number,
    private readonly stalledMs = STALLED_MS,
  ) {
    response.on('drain', () => {
      clearTimeout(this.stalled)
      this.stalled = undefined
      this.pump()
    })
    response.on('close', () => clearTimeout(this.stalled))
  }

  /** Sends what there is, as far as it is taken. */
  pump(): void {
    for (let next = this.next(); next !== undefined; next = this.next()) {
      this.lastId = next.id
      if (!this.response.write(next.frame)) this.awaitDrain()
    }
    if (this.isEnding && this.stalled === undefined) this.response.end()
  }

  /** A comment: connections on which nothing goes by are closed by what stands between. */
  keepAlive(): void {
    if (this.stalled === undefined && !this.response.write(': still here\n\n')) this.awaitDrain()
  }

  /** Nothing more will come: the connection ends as soon as all has been taken. */
  end(): void {
    this.isEnding = true
    this.pump()
  }

  private next() {
    return this.stalled === undefined && !this.response.destroyed ? this.log.after(this.lastId) : undefined
  }

  private awaitDrain(): void {
    this.stalled = setTimeout(() => this.response.destroy(), this.stalledMs)
  }
}
