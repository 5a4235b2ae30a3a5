const BITS = 9
const SIZE = 1 << BITS
const MOST = 255

/** How many updates streamed of each mailbox, up to 255. In pages, since there are many slaves and mailboxes keep coming. */
export class UpdateCounts {
  private readonly pages: (Uint8Array | undefined)[] = []

  of(name: number): number {
    return this.pages[name >>> BITS]?.[name & (SIZE - 1)] ?? 0
  }

  add(name: number): void {
    const page = this.pages[name >>> BITS] ?? this.addPage(name >>> BITS)
    const at = name & (SIZE - 1)
    if (page[at] < MOST) page[at]++
  }

  private addPage(index: number): Uint8Array {
    while (this.pages.length <= index) this.pages.push(undefined)
    const page = new Uint8Array(SIZE)
    this.pages[index] = page
    return page
  }
}
