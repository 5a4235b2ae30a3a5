import type { Probe } from './order.js'
import type { Records } from './records.js'

const BLOCK_CAPACITY = 512

interface Block {
  readonly addresses: Uint32Array
  count: number
}

/** Where a name is, or would be. */
export interface Place {
  block: number
  index: number
}

/**
 * Addresses of records in the order of their names: blocks of up to 512, searched by halves. The one structure for
 * lookup, order and iteration; 4 to 8 bytes a mailbox.
 */
export class NameIndex {
  size = 0
  private readonly blocks: Block[] = [newBlock()]

  constructor(private readonly records: Records) {}

  /** @returns whether the probe's name is there; `place` is set in both cases */
  locate(probe: Probe, place: Place): boolean {
    const { blocks, records } = this
    // The last block whose first name is not after the probe.
    let low = 0
    let high = blocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (records.compare(probe, blocks[middle].addresses[0]) < 0) high = middle - 1
      else low = middle
    }
    place.block = low
    const { addresses, count } = blocks[low]
    let from = 0
    let to = count
    while (from < to) {
      const middle = (from + to) >>> 1
      const order = records.compare(probe, addresses[middle])
      if (order === 0) {
        place.index = middle
        return true
      }
      if (order < 0) to = middle
      else from = middle + 1
    }
    place.index = from
    return false
  }

  at(place: Place): number {
    return this.blocks[place.block].addresses[place.index]
  }

  replace(place: Place, address: number): void {
    this.blocks[place.block].addresses[place.index] = address
  }

  insert(place: Place, address: number): void {
    let block = this.blocks[place.block]
    let index = place.index
    if (block.count === BLOCK_CAPACITY) {
      const next = this.split(place.block, index)
      if (index > block.count || next.count === 0) {
        index -= block.count
        block = next
      }
    }
    block.addresses.copyWithin(index + 1, index, block.count)
    block.addresses[index] = address
    block.count++
    this.size++
  }

  remove(place: Place): void {
    const block = this.blocks[place.block]
    block.addresses.copyWithin(place.index, place.index + 1, block.count)
    block.count--
    this.size--
    if (block.count === 0 && this.blocks.length > 1) this.blocks.splice(place.block, 1)
  }

  /** Moves on to the next name that exists, from a place that may lie past the end of its block. @returns false at the end */
  settle(place: Place): boolean {
    while (place.index >= this.blocks[place.block].count) {
      if (place.block + 1 >= this.blocks.length) return false
      place.block++
      place.index = 0
    }
    return true
  }

  /** Names that arrive in order leave full blocks behind; others split one in the middle. */
  private split(position: number, index: number): Block {
    const block = this.blocks[position]
    const next = newBlock()
    const kept = index === BLOCK_CAPACITY ? BLOCK_CAPACITY : BLOCK_CAPACITY / 2
    next.addresses.set(block.addresses.subarray(kept, block.count))
    next.count = block.count - kept
    block.count = kept
    this.blocks.splice(position + 1, 0, next)
    return next
  }
}

function newBlock(): Block {
  return { addresses: new Uint32Array(BLOCK_CAPACITY), count: 0 }
}
