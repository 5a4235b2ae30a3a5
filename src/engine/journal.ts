import { closeSync, openSync, writeSync } from 'node:fs'

/**
 * Names that may exist on a master, one a line, each written before the command that creates it is sent: whatever
 * happens to the harness, `cleanup` knows what to look for. Names are bytes, kept as latin1; a name holds no line end.
 */
export class Journal {
  private readonly fd: number

  constructor(path: string) {
    this.fd = openSync(path, 'a', 0o600)
  }

  write(names: readonly string[]): void {
    if (names.length === 0) return
    writeSync(this.fd, `${names.join('\n')}\n`, null, 'latin1')
  }

  close(): void {
    closeSync(this.fd)
  }
}
