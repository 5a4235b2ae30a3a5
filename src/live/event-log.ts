import type { SlaveLine } from '../metrics/second-line.js'

/** Kinds of server-sent events; docs/live.md says what each holds. */
export type LiveEventKind = 'hello' | 'phase' | 'second' | 'event' | 'moves' | 'end'

export interface LogEntry {
  readonly id: number
  readonly kind: LiveEventKind
  /** As it goes over the wire: written once for all who watch. */
  readonly frame: Buffer
  /** The more, the longer it is kept; an event of Infinity to the end. */
  readonly worth: number
}

/** About an hour at a line a second. */
const MOST_BYTES = 16e6

/**
 * All that watchers are told, in order, for those who come late or come back. It does not grow without end: where it
 * becomes too large the older half loses the better one of each two seconds, the older half of what slaves met, and of
 * their moves all but each one's last.
 */
export class EventLog {
  private entries: LogEntry[] = []
  private bytes = 0
  private lastId = 0
  /** Empty until it is known. */
  private runId = ''

  constructor(private readonly mostBytes = MOST_BYTES) {}

  /** From here on ids say which run they are of. */
  begin(runId: string): void {
    this.runId = runId
  }

  append(kind: LiveEventKind, data: unknown, worth = 0): void {
    const id = ++this.lastId
    const frame = this.frameOf(id, kind, data)
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

  /** Of an id as it went over the wire; 0, from where all of it comes, for one of another run and for what is none. */
  numberOf(eventId: string | undefined): number {
    const [, runId, number] = /^(.*)-(\d+)$/.exec(eventId ?? '') ?? []
    return runId === this.runId ? Number(number) : 0
  }

  private frameOf(id: number, kind: LiveEventKind, data: unknown): Buffer {
    return Buffer.from(`id: ${this.runId}-${id}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  private thin(): void {
    const half = this.entries.length >> 1
    const older = this.entries.slice(0, half)
    const moves = older.filter(({ kind }) => kind === 'moves')
    const events = older.filter(({ kind, worth }) => kind === 'event' && worth < Infinity)
    const lost = new Set([
      ...lesserOfTwo(older.filter(({ kind }) => kind === 'second')),
      ...events.slice(0, Math.ceil(events.length / 2)),
      ...moves,
    ])
    const last = moves.at(-1)
    const kept = older.flatMap(entry => (entry === last ? this.lastMoves(moves, entry) : lost.has(entry) ? [] : entry))
    this.entries = [...kept, ...this.entries.slice(half)]
    this.bytes = this.entries.reduce((sum, { frame }) => sum + frame.length, 0)
  }

  /** Where they left each slave: in the place, and with the id, of the last of them. */
  private lastMoves(moves: readonly LogEntry[], { id, kind, worth }: LogEntry): LogEntry {
    const bySlave = new Map<number, SlaveLine>()
    for (const move of moves.flatMap(linesOf)) bySlave.set(move.slave, move)
    const lines = [...bySlave.values()].sort((a, b) => a.atMs - b.atMs)
    return { id, kind, worth, frame: this.frameOf(id, kind, lines) }
  }
}

function lesserOfTwo(seconds: readonly LogEntry[]): LogEntry[] {
  const lesser: LogEntry[] = []
  for (let i = 0; i + 1 < seconds.length; i += 2)
    lesser.push(seconds[i].worth >= seconds[i + 1].worth ? seconds[i + 1] : seconds[i])
  return lesser
}

function linesOf({ frame }: LogEntry): SlaveLine[] {
  return JSON.parse(frame.toString().split('\ndata: ')[1]) as SlaveLine[]
}
