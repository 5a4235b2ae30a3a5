import type { Alarm, Timeline } from '../../core/timeline.js'
import type { Core } from './core.js'
import type { Dump } from './outflow.js'

/** Records of a piece, until one has been seen. */
const FIRST_GUESS = 500

/**
 * A list that takes as long as a Cyrus's: each piece is made when the walk has come to its end. It has to be all made
 * before the time is over, since the catalogue may change then.
 */
export class PacedDump {
  private begunNs = 0
  private holdNs = 0
  private pieces = 0
  private ended = false
  private alarm: Alarm | undefined

  constructor(
    private readonly world: { readonly timeline: Timeline; readonly core: Core },
    /** Whose it is. */
    private readonly rank: number,
    private readonly dump: Dump,
    private readonly write: (piece: Uint8Array) => void,
  ) {}

  begin(holdNs: number): void {
    this.begunNs = this.world.timeline.nowNs
    this.holdNs = holdNs
    this.plan()
  }

  /** All that is left. */
  end(): void {
    while (!this.ended) this.step()
  }

  stop(): void {
    this.ended = true
    this.alarm?.cancel()
  }

  /** Of all records, those that were wanted. */
  get share(): number {
    const { walked, sent } = this.dump
    return walked === 0 ? 1 : sent / walked
  }

  private plan(): void {
    const { timeline, core } = this.world
    const { walked } = this.dump
    const next = walked + (this.pieces === 0 ? FIRST_GUESS : walked / this.pieces)
    const lastNs = this.begunNs + this.holdNs - 1
    const dueNs = Math.floor(this.begunNs + (this.holdNs * next) / core.catalogue.size)
    this.alarm =
      dueNs < lastNs
        ? timeline.at(dueNs, this.rank, () => {
            this.step()
            this.plan()
          })
        : timeline.at(lastNs, this.rank, () => this.end())
  }

  private step(): void {
    if (this.ended) return
    const piece = this.dump.next()
    this.pieces++
    if (piece === undefined) this.ended = true
    else if (piece.length > 0) this.write(piece)
  }
}
