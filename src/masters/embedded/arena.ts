/** Addresses count in units of this many bytes, so that 32 bits reach 64 GB. */
export const UNIT_BYTES = 16
const SLAB_UNITS = 1 << 17
const SLAB_BYTES = SLAB_UNITS * UNIT_BYTES
const NONE = 0xffffffff

/**
 * Memory for records: slabs of 2 MiB that are never copied, and one free list for each size, chained through the freed
 * pieces themselves. A million small records cost the garbage collector nothing.
 */
export class Arena {
  private readonly slabs: Uint8Array[] = []
  private readonly slabWords: Uint32Array[] = []
  private readonly freeHeads = new Map<number, number>()
  private nextUnit = SLAB_UNITS

  /** @param byteCount at most 2 MiB */
  allocate(byteCount: number): number {
    const units = sizeClass(byteCount)
    const free = this.freeHeads.get(units) ?? NONE
    if (free !== NONE) {
      this.freeHeads.set(units, this.words(free)[this.wordOffset(free)])
      return free
    }
    if (this.nextUnit + units > SLAB_UNITS) this.addSlab()
    const address = (this.slabs.length - 1) * SLAB_UNITS + this.nextUnit
    this.nextUnit += units
    return address
  }

  release(address: number, byteCount: number): void {
    const units = sizeClass(byteCount)
    this.words(address)[this.wordOffset(address)] = this.freeHeads.get(units) ?? NONE
    this.freeHeads.set(units, address)
  }

  bytes(address: number): Uint8Array {
    return this.slabs[Math.floor(address / SLAB_UNITS)]
  }

  byteOffset(address: number): number {
    return (address % SLAB_UNITS) * UNIT_BYTES
  }

  words(address: number): Uint32Array {
    return this.slabWords[Math.floor(address / SLAB_UNITS)]
  }

  wordOffset(address: number): number {
    return (address % SLAB_UNITS) * (UNIT_BYTES / 4)
  }

  private addSlab(): void {
    const memory = new ArrayBuffer(SLAB_BYTES)
    this.slabs.push(new Uint8Array(memory))
    this.slabWords.push(new Uint32Array(memory))
    this.nextUnit = 0
  }
}

/** @returns units: exact up to 1 KiB, above that in steps of an eighth, so that there are few lists and little waste */
export function sizeClass(byteCount: number): number {
  const units = Math.ceil(byteCount / UNIT_BYTES)
  if (units <= 64) return units
  const step = 1 << (28 - Math.clz32(units))
  return Math.ceil(units / step) * step
}
