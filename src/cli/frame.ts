import { widthOf } from '../core/text-width.js'

/** What a frame needs of a terminal. */
export interface Terminal {
  readonly columns?: number
  write(text: string): unknown
}

/**
 * Lines at the end of a terminal that are replaced in place, with what is to stay going by above them. The cursor rests
 * below the frame and is never hidden: whatever ends the program, it leaves the terminal as it should be.
 */
export class Frame {
  private drawn: readonly string[] = []

  constructor(private readonly terminal: Terminal) {}

  /** @param lines none wider than the terminal */
  draw(lines: readonly string[]): void {
    this.terminal.write(`${this.erasing()}${textOf(lines)}`)
    this.drawn = lines
  }

  /** Puts text above the frame for good. */
  above(text: string): void {
    this.terminal.write(`${this.erasing()}${text}\n${textOf(this.drawn)}`)
  }

  clear(): void {
    if (this.drawn.length > 0) this.draw([])
  }

  /** A terminal that became narrower has broken the lines anew: they take more rows than were drawn. */
  private erasing(): string {
    const columns = Math.max(1, this.terminal.columns ?? 80)
    const rows = this.drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0)
    return rows === 0 ? '' : `\r\x1b[${rows}A\x1b[J`
  }
}

function textOf(lines: readonly string[]): string {
  return lines.map(line => `${line}\n`).join('')
}
