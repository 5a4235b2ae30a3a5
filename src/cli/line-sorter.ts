import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { HarnessError, messageOf } from '../core/errors.js'

const MEMORY = '24M'
const BATCH_BYTES = 256 * 1024

/** Lines sorted by their bytes, as strcmp does it, in memory that does not grow with them: sort(1), which is on every Unix. */
export class LineSorter {
  private readonly process: ChildProcessWithoutNullStreams
  private readonly ended: Promise<number | null>
  private batch = ''
  private failure: string | undefined
  private said = ''

  constructor() {
    const env = { ...process.env, LC_ALL: 'C' }
    this.process = spawn('sort', ['-S', MEMORY, '-T', tmpdir()], { env })
    this.ended = new Promise(resolve => {
      this.process.on('close', resolve)
      this.process.on('error', error => {
        this.failure = messageOf(error)
        resolve(null)
      })
    })
    // Why it ended is told by its end.
    this.process.stdin.on('error', () => {})
    this.process.stderr.on('data', text => (this.said += text))
  }

  /** @param lines bytes, without a line's end in them */
  async add(lines: readonly string[]): Promise<void> {
    for (const line of lines) this.batch += `${line}\n`
    if (this.batch.length >= BATCH_BYTES) await this.flush()
  }

  /** Once, after the last of them. @throws {HarnessError} `RESULTS` where there was no room, or no sort(1) */
  async *sorted(): AsyncGenerator<string[]> {
    await this.flush()
    this.process.stdin.end()
    let rest = ''
    try {
      for await (const chunk of this.process.stdout) {
        const lines = (rest + (chunk as Buffer).toString('latin1')).split('\n')
        rest = lines.pop()!
        yield lines
      }
    } catch (error) {
      this.failure ??= messageOf(error)
    }
    const status = await this.ended
    if (status !== 0)
      throw new HarnessError(
        'RESULTS',
        `sort(1) failed: ${this.failure ?? (this.said.trim() || `status ${status}`)}`,
        'give room for temporary files, by TMPDIR',
      )
  }

  kill(): void {
    this.process.kill()
  }

  private async flush(): Promise<void> {
    const { batch } = this
    this.batch = ''
    if (this.process.stdin.write(batch, 'latin1') || this.process.stdin.destroyed) return
    await Promise.race([once(this.process.stdin, 'drain').catch(() => {}), this.ended])
  }
}
