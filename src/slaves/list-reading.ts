import type { RecordSpan } from '../wire/record-scanner.js'
import type { Catalogue } from './catalogue.js'
import { Holding } from './holding.js'
import { KnownListReader, type KnownRun } from './known-list.js'

/** A list that one slave reads, and what it will hold when it is whole. */
export class ListReading {
  private readonly holding: Holding
  private readonly known: KnownListReader
  /** The mailbox read last. */
  private cursor = -1
  /** Of the known list: so many of its first records were read here too, and are not in `holding` yet; undefined once they are. */
  private prefix: number | undefined = 0

  constructor(private readonly catalogue: Catalogue) {
    this.holding = new Holding(catalogue)
    this.known = new KnownListReader(catalogue.list)
  }

  /** Takes records that are, byte for byte, what another slave has read. @returns undefined where they are not */
  takeKnown(bytes: Uint8Array, at: number, limit: number): KnownRun | undefined {
    const { holding, known, catalogue } = this
    if (!known.match(bytes, at, limit)) return undefined
    const { list, from, to } = known
    this.cursor = catalogue.versionName[list.version(to - 1)]
    if (from === this.prefix && !list.isOutdated) {
      this.prefix = to
      return known
    }
    this.takePrefix()
    for (let place = from; place < to; place++) holding.set(catalogue.latestLike(list.version(place)))
    return known
  }

  take(record: RecordSpan): void {
    const { holding, known, catalogue } = this
    this.takePrefix()
    const version = catalogue.identify(record, this.cursor)
    this.cursor = catalogue.versionName[version]
    holding.set(version)
    known.readOne(record, this.cursor, version)
  }

  /** @returns what it has read; where that is all that is known, as others have before, together with them */
  end(): Holding {
    const holding = this.whole()
    const { known, catalogue } = this
    if (known.isStale && known.list === catalogue.list) catalogue.forgetList()
    return holding
  }

  private whole(): Holding {
    const { holding, prefix } = this
    const { list, isWhole } = this.known
    if (list.held !== undefined && prefix === list.count) return list.held.share()
    this.takePrefix()
    if (isWhole && !list.isOutdated) list.held = holding.share()
    return holding
  }

  /** It is not the whole list: then they are taken one by one, like those that follow. */
  private takePrefix(): void {
    const { holding, known, prefix } = this
    if (prefix === undefined) return
    // When they were read, nothing had come after them.
    for (let place = 0; place < prefix; place++) holding.set(known.list.version(place))
    this.prefix = undefined
  }
}
