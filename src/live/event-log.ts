/** Kinds of server-sent events; docs/live.md says what each holds. */
export type LiveEventKind = 'hello' | 'phase' | 'second' | 'event' | 'moves' | 'end'

export interface LogEntry {
  readonly id: number
  readonly kind: LiveEventKind
  /** As it goes over the wire: written once for all who watch. */
  readonly frame: Buffer
  /** Of a second: the worse it was, the longer it is kept. */
  readonly worth: number
}

/** About an hour at a line a second. */
const MOST_BYTES = 16e6

/**
 * All that watchers are told, in order, for those who come late or come back. It does not grow without end: where it
 * becomes too large the older half loses the better one of each two seconds, and the older half of what happened.
 */
export class EventLog {
  private entries: LogEntry[] = []
  private bytes = 0
  private lastId = 0

  constructor(private readonly mostBytes = MOST_BYTES) {}

  append(kind: LiveEventKind, data: unknown, worth = 0): void {
    const id = ++this.lastId
    const frame = Buffer.from(`id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`)
    this.entries.push({ id, kind, frame, worth })
    this.bytes += frame.length
    if (this.bytes > this.mostBytes) this.thin()
  }

  /** The first that came after `id`, of those that are left. */
  after(id: number): LogEntry | undefined {
    let [low, high] = [0, this.entries.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.entries[middle].id > id) high = middle
      else low = middle + 1
    }
    return this.entries[low]
  }

  private thin(): void {
    const half = this.entries.length >> 1
    const older = this.entries.slice(0, half)
    const lost = new Set<LogEntry>()
    const seconds = older.filter(({ kind }) => kind === 'second')
    for (let i = 0; i + 1 < seconds.length; i += 2)
      lost.add(seconds[i].worth >= seconds[i + 1].worth ? seconds[i + 1] : seconds[i])
    const rest = older.filter(({ kind }) => kind === 'event' || kind === 'moves')
    for (const entry of rest.slice(0, Math.ceil(rest.length / 2))) lost.add(entry)
    this.entries = [...older.filter(entry => !lost.has(entry)), ...this.entries.slice(half)]
    this.bytes = this.entries.reduce((sum, { frame }) => sum + frame.length, 0)
  }
}
