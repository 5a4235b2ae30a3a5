/** Something that produces output piece by piece. */
export interface Pumped {
  step(): void
}

/**
 * Lets long outputs take turns: one piece of one of them, then whatever else the process has to do, so that a NOOP
 * waits for half a millisecond and not for a dump.
 */
export class Pump {
  private readonly queue: Pumped[] = []
  private running = false

  constructor(private readonly soon: (what: () => void) => void) {}

  add(pumped: Pumped): void {
    this.queue.push(pumped)
    if (this.running) return
    this.running = true
    this.soon(() => this.turn())
  }

  private turn(): void {
    this.queue.shift()?.step()
    this.running = this.queue.length > 0
    if (this.running) this.soon(() => this.turn())
  }
}
