import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A `/proc` of the test's own: set what a process shows, take it away. */
export class ProcDir {
  readonly path = mkdtempSync(join(tmpdir(), 'mupdate-bench-proc-'))

  write(name: string, text: string): void {
    const path = join(this.path, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }

  /** @param threads tid → [ns on a CPU, ns waiting] */
  process(pid: number, cpuTicks: number, threads: Record<number, [number, number]>, startTicks = 1): void {
    this.remove(`${pid}/task`)
    const count = Object.keys(threads).length
    const ids = '1 1 1 0 -1 0 0 0 0 0'
    this.write(`${pid}/stat`, `${pid} (mupdate) S ${ids} ${cpuTicks} 0 0 0 20 0 ${count} 0 ${startTicks} 0 0\n`)
    for (const [tid, [run, wait]] of Object.entries(threads))
      this.write(`${pid}/task/${tid}/schedstat`, `${run} ${wait} 1\n`)
  }

  remove(name = '.'): void {
    rmSync(join(this.path, name), { recursive: true, force: true })
  }
}
