/** One after the other of lines that come in batches. */
export class LineCursor {
  private readonly batches: AsyncIterator<readonly string[]>
  private lines: readonly string[] = []
  private at = 0

  constructor(batches: AsyncIterable<readonly string[]>) {
    this.batches = batches[Symbol.asyncIterator]()
  }

  /** @returns undefined behind the last */
  async next(): Promise<string | undefined> {
    while (this.at === this.lines.length) {
      const { done, value } = await this.batches.next()
      if (done === true) return undefined
      this.lines = value
      this.at = 0
    }
    return this.lines[this.at++]
  }
}
