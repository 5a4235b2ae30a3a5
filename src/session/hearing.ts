/** What has been heard of a peer so far, and who waits for it to mean something. */
export class Hearing {
  private readonly chunks: Buffer[] = []
  private isOver = false
  private onChange = () => {}

  /** @param bytes may be lent */
  add(bytes: Uint8Array): void {
    this.chunks.push(Buffer.from(bytes))
    this.onChange()
  }

  /** Nothing more will come. */
  end(): void {
    this.isOver = true
    this.onChange()
  }

  get hasEnded(): boolean {
    return this.isOver
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }

  /** From here on it is another conversation: TLS has begun. */
  forget(): void {
    this.chunks.length = 0
  }

  /** @returns what `judge` made of it; undefined when it made nothing of it in that time, or of all that came */
  until<T>(judge: (bytes: Buffer, isAll: boolean) => T | undefined, limitMs: number): Promise<T | undefined> {
    return new Promise(resolve => {
      const settle = (judged: T | undefined) => {
        clearTimeout(timer)
        this.onChange = () => {}
        resolve(judged)
      }
      const timer = setTimeout(() => settle(undefined), limitMs)
      this.onChange = () => {
        const judged = judge(this.bytes, this.isOver)
        if (judged !== undefined || this.isOver) settle(judged)
      }
      this.onChange()
    })
  }
}
