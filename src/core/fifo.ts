/**
 * First in, first out, in a ring that grows. What was taken is let go at once: a queue that keeps references to what
 * has left it makes the garbage collector carry them along, some milliseconds at a time.
 */
export class Fifo<T> {
  private slots: (T | undefined)[] = new Array(8)
  private head = 0
  private count = 0

  get length(): number {
    return this.count
  }

  push(item: T): void {
    if (this.count === this.slots.length) this.grow()
    this.slots[(this.head + this.count++) & (this.slots.length - 1)] = item
  }

  /** @returns the oldest one, undefined when there is none */
  peek(): T | undefined {
    return this.slots[this.head]
  }

  /** Takes the oldest one. @returns undefined when there is none */
  shift(): T | undefined {
    if (this.count === 0) return undefined
    const item = this.slots[this.head]
    this.slots[this.head] = undefined
    this.head = (this.head + 1) & (this.slots.length - 1)
    this.count--
    return item
  }

  /** Takes all of them, oldest first. */
  takeAll(): T[] {
    const items: T[] = []
    for (let item = this.shift(); item !== undefined; item = this.shift()) items.push(item)
    return items
  }

  /** The length stays a power of two, so that positions wrap by a mask. */
  private grow(): void {
    const size = this.slots.length
    const grown: (T | undefined)[] = new Array(size * 2)
    for (let i = 0; i < this.count; i++) grown[i] = this.slots[(this.head + i) & (size - 1)]
    this.slots = grown
    this.head = 0
  }
}
