/** How whole numbers are spread, exactly: for lengths and counts, of which there are few different ones. */
export class Spread {
  private readonly counts = new Map<number, number>()
  private total = 0

  add(value: number): void {
    this.counts.set(value, (this.counts.get(value) ?? 0) + 1)
    this.total++
  }

  /** Nearest rank; null where there is none. */
  summary(): { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number } | null {
    if (this.total === 0) return null
    const values = [...this.counts].sort(([a], [b]) => a - b)
    const at = (share: number) => {
      let left = Math.ceil(share * this.total)
      for (const [value, count] of values) {
        left -= count
        if (left <= 0) return value
      }
      return values.at(-1)![0]
    }
    return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) }
  }
}

/** So many, and the first of them by name. */
export class Findings {
  count = 0
  readonly first: string[] = []

  add(name: string): void {
    this.count++
    if (this.first.length < MOST_NAMED) this.first.push(name)
  }
}

const MOST_NAMED = 5
