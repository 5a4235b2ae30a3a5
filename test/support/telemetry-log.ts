/** A log as a master writes it (lib/prot.c, imap/telemetry.c), by hand: it shares no code with what reads it. */
export class TelemetryLog {
  private text = '---------- murder Tue Nov 14 22:13:20 2023\n\n'

  constructor(private nowS = 1_700_000_000) {}

  get bytes(): Buffer {
    return Buffer.from(this.text, 'latin1')
  }

  pass(seconds: number): this {
    this.nowS += seconds
    return this
  }

  /** What the master read, a piece each. */
  input(...pieces: string[]): this {
    for (const piece of pieces) this.text += `<${this.nowS}<${piece}`
    return this
  }

  output(...pieces: string[]): this {
    for (const piece of pieces) this.text += `>${this.nowS}>${piece}`
    return this
  }
}

export function lit(text: string): string {
  return `{${text.length}+}\r\n${text}`
}
