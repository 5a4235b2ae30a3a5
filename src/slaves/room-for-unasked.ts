import { HarnessError } from '../core/errors.js'
import { formatCount } from '../core/units.js'
import type { RecordSpan } from '../wire/record-scanner.js'

const MOST_BYTES = 512e6
/** What a mailbox costs a catalogue, its name left out, and what each slave needs to hold it. */
const BYTES_PER_NAME = 128
const BYTES_PER_HOLDER = 4
const TYPICAL_NAME_BYTES = 64

/** Memory for what a master tells and nobody here has made: its list may be another site's, be wrong, or have no end. */
export class RoomForUnasked {
  private taken = 0
  private readonly most: number

  constructor(
    expected: number,
    private readonly holders: number,
  ) {
    const each = BYTES_PER_NAME + TYPICAL_NAME_BYTES + BYTES_PER_HOLDER * holders
    // The site is told of by the master before anybody here has looked at it.
    this.most = MOST_BYTES + 2 * expected * each
  }

  /** For one more mailbox, or state of one. @throws {HarnessError} `WIRE_LIMIT` */
  take({ nameStart, nameEnd }: RecordSpan, soFar: { readonly names: number; readonly versions: number }): void {
    this.taken += BYTES_PER_NAME + nameEnd - nameStart + BYTES_PER_HOLDER * this.holders
    if (this.taken <= this.most) return
    throw new HarnessError(
      'WIRE_LIMIT',
      `the master tells of more than there is memory for: ${formatCount(soFar.names)} mailboxes, ${formatCount(soFar.versions)} states of them`,
      'its list has no end, or it holds far more than site.mailboxes says: set that, or have fewer slaves',
    )
  }
}
