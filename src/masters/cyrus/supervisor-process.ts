import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { HarnessError } from '../../core/errors.js'
import type { CyrusPlan, SupervisorReport } from './plan.js'
import { removeMaster } from './processes.js'

/** The supervisor's own limits for ending Cyrus add up to 7 s. */
const STOP_LIMIT_MS = 10_000

/** The harness's end of the life line. */
export class SupervisorProcess {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>
  private readonly exited: Promise<void>
  private stopping = false

  constructor(
    private readonly plan: CyrusPlan,
    private readonly onReport: (report: SupervisorReport) => void,
  ) {
    const script = supervisorScript()
    this.child = spawn(process.execPath, [script], { detached: true, cwd: '/', stdio: ['pipe', 'pipe', 'ignore'] })
    this.child.stdin.on('error', () => {})
    this.child.stdin.write(`${JSON.stringify(plan)}\n`)
    createInterface({ input: this.child.stdout }).on('line', line => onReport(JSON.parse(line) as SupervisorReport))
    this.exited = new Promise(resolve => {
      this.child.once('error', error => this.onExit(error.message, resolve))
      this.child.once('exit', (status, signal) => this.onExit(signal ?? `status ${status}`, resolve))
    })
  }

  /** @param empty its database is removed under its hands first */
  restart(empty: boolean): void {
    this.child.stdin.write(`${empty ? 'empty' : 'restart'}\n`)
  }

  /** Ends Cyrus and removes its directory, by the supervisor if it lives, else from here. */
  async stop(): Promise<void> {
    this.stopping = true
    this.child.stdin.end('stop\n')
    const limit = setTimeout(() => this.child.kill('SIGKILL'), STOP_LIMIT_MS)
    await this.exited
    clearTimeout(limit)
    await removeMaster(this.plan.directory)
  }

  private onExit(how: string, resolve: () => void): void {
    if (!this.stopping) {
      this.onReport({ kind: 'died', detail: `the supervisor of Cyrus ended: ${how}` })
      void removeMaster(this.plan.directory)
    }
    resolve()
  }
}

/** Processes run built files, also when the tests run the sources. */
function supervisorScript(): string {
  const own = new URL('supervisor.js', import.meta.url)
  const built = import.meta.url.endsWith('.ts') ? new URL('../../../dist/masters/cyrus/supervisor.js', own) : own
  const path = fileURLToPath(built)
  if (existsSync(path)) return path
  throw new HarnessError('MASTER_SETUP', `${path} is not there`, 'npm run build')
}
