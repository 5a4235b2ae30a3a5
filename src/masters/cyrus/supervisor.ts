import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { type Server, Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { isHarnessError, messageOf } from '../../core/errors.js'
import { databaseOf, environmentWords, install } from './installation.js'
import { findIsolation, type Isolation, launchWords } from './namespace.js'
import { type CyrusPlan, configPath, type SupervisorReport } from './plan.js'
import { mupdateUnder, processesOf, removeMaster } from './processes.js'
import { listenForSyslog } from './syslog-socket.js'

/**
 * A process between the harness and Cyrus, in a session of its own, so that Ctrl-C does not reach it. Its standard
 * input is the life line: when it ends, however the harness ended, Cyrus is ended and its directory removed.
 */
const WATCH_EVERY_MS = 100
/** Cyrus's `master` restarts a service at once, and gives it up after 5 fast failures. */
const GIVEN_UP_AFTER_MS = 5_000
/** How long a harness that reads no more is given for the last reports. */
const LAST_WORDS_MS = 500

/**
 * Not `process.stdout`, which waits for its reader: a harness that is busy would stop us reading the log, and a full
 * log stops mupdate in syslog(3).
 */
const harness = new Socket({ fd: 1, readable: false, writable: true })

class Supervisor {
  private directory: string | undefined
  private cyrus: ChildProcess | undefined
  private log: Server | undefined
  private watch: NodeJS.Timeout | undefined
  private mupdatePid: number | undefined
  private missingSinceMs: number | undefined
  private ending = false

  async run(plan: CyrusPlan): Promise<void> {
    this.directory = plan.directory
    try {
      const { logSocket } = install(plan)
      this.log = await listenForSyslog(logSocket, lines => this.tell(...lines.map(syslogReport)))
      const { isolation, reason } = findIsolation(plan.account, plan.directory)
      if (reason !== undefined) this.tell(syslogReport(`mupdate-bench: Cyrus's log is not captured: ${reason}`))
      if (!this.ending) this.launch(plan, isolation)
    } catch (error) {
      this.fail(error)
    }
  }

  /** The harness decides what follows: it reports, then stops us. */
  fail(error: unknown): void {
    const hint = isHarnessError(error) ? error.hint : 'see the message'
    this.tell({ kind: 'failed', message: messageOf(error), hint })
  }

  private launch(plan: CyrusPlan, isolation: Isolation): void {
    const { directory, account, binaries } = plan
    const files = [
      '-C',
      configPath(directory),
      '-M',
      join(directory, 'cyrus.conf'),
      '-p',
      join(directory, 'conf', 'pid'),
    ]
    const words = [...launchWords(account, directory, isolation), 'env', ...environmentWords(plan)]
    const [command, ...args] = [...words, binaries.master, ...files, '-D']
    // A session of its own, because on SIGTERM Cyrus's `master` signals its whole process group (master/master.c).
    const cyrus = spawn(command!, args, { cwd: '/', detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    this.cyrus = cyrus
    cyrus.on('error', error => this.tell({ kind: 'failed', message: error.message, hint: 'install util-linux' }))
    cyrus.on('exit', (status, signal) => {
      if (!this.ending) this.tell({ kind: 'died', detail: `Cyrus's master ended: ${signal ?? `status ${status}`}` })
      clearInterval(this.watch)
    })
    for (const stream of [cyrus.stdout, cyrus.stderr]) {
      createInterface({ input: stream! }).on('line', line => this.tell(syslogReport(`master: ${line}`)))
    }
    this.watch = setInterval(() => this.look(cyrus.pid!), WATCH_EVERY_MS)
  }

  private look(masterPid: number): void {
    const pid = mupdateUnder(masterPid)
    if (pid !== undefined) {
      this.missingSinceMs = undefined
      if (pid !== this.mupdatePid) this.tell({ kind: 'mupdate', pid })
      this.mupdatePid = pid
    } else if (this.mupdatePid !== undefined) {
      this.noteMissing()
    }
  }

  private noteMissing(): void {
    const nowMs = performance.now()
    this.missingSinceMs ??= nowMs
    if (nowMs - this.missingSinceMs < GIVEN_UP_AFTER_MS) return
    this.missingSinceMs = Number.POSITIVE_INFINITY
    this.tell({
      kind: 'died',
      detail: `mupdate ${this.mupdatePid} is gone and Cyrus's master does not restart it: it stops restarting a service after 5 quick failures, until a SIGHUP`,
    })
  }

  /** Cyrus's `master` starts it again at once. It has its database open, so that a removed one is gone with it. */
  restartMupdate(empty: boolean): void {
    const { mupdatePid, directory } = this
    if (mupdatePid === undefined || directory === undefined) return
    if (empty) rmSync(databaseOf(directory), { force: true })
    // Only ours: a pid may have been given to somebody else since the last look.
    if (processesOf(directory).includes(mupdatePid)) process.kill(mupdatePid, 'SIGKILL')
  }

  async end(): Promise<void> {
    if (this.ending) return
    this.ending = true
    clearInterval(this.watch)
    // The log stays open until all is over: syslog(3) must not block what is to end.
    if (this.directory !== undefined) await removeMaster(this.directory, this.cyrus?.pid)
    this.log?.close()
    setTimeout(() => process.exit(), LAST_WORDS_MS)
    harness.end(() => process.exit())
  }

  private tell(...reports: SupervisorReport[]): void {
    harness.write(reports.map(report => `${JSON.stringify(report)}\n`).join(''))
  }
}

function syslogReport(line: string): SupervisorReport {
  return { kind: 'syslog', line }
}

const supervisor = new Supervisor()
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
process.on('SIGTERM', () => supervisor.end())
process.on('uncaughtException', error => supervisor.fail(error))
// Nobody listens any more; the life line's end says what to do.
harness.on('error', () => {})

/** The plan is the first line; `restart` and `empty` kill mupdate; any other later one, or the end, means stop. */
let planned = false
const lifeLine = createInterface({ input: process.stdin })
lifeLine.on('line', line => {
  if (line === 'restart' || line === 'empty') return supervisor.restartMupdate(line === 'empty')
  if (planned) return void supervisor.end()
  planned = true
  void supervisor.run(JSON.parse(line) as CyrusPlan)
})
lifeLine.on('close', () => supervisor.end())
