import { widthOf } from '../../src/core/text-width.js'

/** A terminal that knows what a frame uses of one: text, line ends, CSI A (up), CSI J (erase below), colours. */
export class Screen {
  private rows: string[] = ['']
  private row = 0

  constructor(public columns: number) {}

  write(text: string): void {
    for (const [, up, erase, lineEnd, , plain] of text.matchAll(
      /\x1b\[(\d+)A|(\x1b\[J)|(\r?\n)|(\r|\x1b\[[0-9;]*m)|([^\x1b\r\n]+)/g,
    )) {
      if (up !== undefined) this.row = Math.max(0, this.row - Number(up))
      else if (erase !== undefined) this.rows = [...this.rows.slice(0, this.row), '']
      else if (lineEnd !== undefined) this.newLine()
      else if (plain !== undefined) this.print(plain)
    }
  }

  /** As terminals do that break lines anew. */
  resize(columns: number): void {
    const before = this.rows
    this.columns = columns
    this.rows = ['']
    this.row = 0
    before.forEach((row, index) => {
      if (index > 0) this.newLine()
      this.print(row)
    })
  }

  /** What a person sees, without the row the cursor rests on. */
  get text(): string[] {
    return this.rows.slice(0, -1)
  }

  private newLine(): void {
    this.row++
    this.rows[this.row] ??= ''
  }

  private print(text: string): void {
    for (const sign of text) {
      if (widthOf(this.rows[this.row]! + sign) > this.columns) this.newLine()
      this.rows[this.row] += sign
    }
  }
}
