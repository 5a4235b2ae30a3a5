import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { HarnessError } from '../../core/errors.js'
import { packageVersion } from '../../core/package-root.js'
import type { Master, MasterDescription, MasterEvent } from '../master.js'
import type { ModelOptions } from './modelled-service.js'
import {
  type Faults,
  type ProcessMessage,
  type ProcessOrder,
  type ProcessSettings,
  SETTING_DEFAULTS,
} from './settings.js'

const START_LIMIT_MS = 15_000
const STOP_LIMIT_MS = 2000

export interface EmbeddedMasterOptions {
  /** 127.0.0.1; anything but loopback is the caller's decision. */
  readonly host?: string
  /** 0, a free one. */
  readonly port?: number
  readonly user?: string
  /** Generated. */
  readonly password?: string
  /** The name in its banner. */
  readonly hostname?: string
  /** Milliseconds that a wrong password costs; 3,000 as Cyrus's `failedloginpause`. */
  readonly failedLoginPauseMs?: number
  /** Beyond it, `* BYE "Server Unable"`; Cyrus's `mupdate_connections_max`. */
  readonly connectionsMax?: number
  /** Bytes of changes kept for the slowest slave before it is dropped. */
  readonly backlogBytesMax?: number
  /** Share of its CPU that it uses in vain, such as 0.1: a regression of a size that is known. */
  readonly slowedBy?: number
  /** For tests. */
  readonly faults?: Faults
  /** Serves as the Cyrus that this is a model of: the same waits, none of the CPU. */
  readonly model?: ModelOptions
}

/** A MUPDATE master of our own in its own process, so that its CPU can be measured as a real one's is. */
export function embeddedMaster(options: EmbeddedMasterOptions = {}): Master {
  const settings: ProcessSettings = {
    ...SETTING_DEFAULTS,
    host: '127.0.0.1',
    port: 0,
    password: randomBytes(18).toString('base64url'),
    version: packageVersion(),
    ...withoutUndefined(options),
  }
  const listeners: ((event: MasterEvent) => void)[] = []
  const emit = (event: MasterEvent) => {
    for (const listener of listeners) listener(event)
  }
  let running: RunningProcess | undefined
  return {
    kind: settings.model === undefined ? 'embedded' : 'model',
    async start() {
      running = await startProcess(settings, emit)
    },
    async stop() {
      await running?.stop()
    },
    get address() {
      return { host: settings.host, port: running?.port ?? settings.port }
    },
    credentials: { user: settings.user, password: settings.password, mechanism: 'PLAIN' },
    // A model's CPU says nothing: what it costs is time waited.
    pid: () => (settings.model === undefined ? running?.pid() : undefined),
    restart: empty => running?.tell({ kind: 'restart', empty }),
    describe: () => (settings.model === undefined ? describePlain(settings) : describeModel(settings.model)),
    onEvent: listener => void listeners.push(listener),
  }
}

interface RunningProcess {
  readonly port: number
  pid(): number | undefined
  tell(order: ProcessOrder): void
  stop(): Promise<void>
}

/** @throws {HarnessError} `MASTER_SETUP` */
async function startProcess(settings: ProcessSettings, emit: (event: MasterEvent) => void): Promise<RunningProcess> {
  const child = spawn(process.execPath, [processFile()], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = new Promise<string>(resolve => {
    child.once('error', error => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal === null ? `it ended with status ${code}` : `it got ${signal}`))
  })
  // A child that dies at once closes the pipe under our hands; its exit says so better.
  child.stdin.on('error', () => {})
  child.stdin.write(`${JSON.stringify(settings)}\n`)
  let port: number
  try {
    port = await readyPort(child, exited, emit)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  let stopping = false
  let alive = true
  void exited.then(detail => {
    alive = false
    if (!stopping) emit({ kind: 'died', detail: `the embedded master is gone: ${detail}` })
  })
  return {
    port,
    pid: () => (alive ? child.pid : undefined),
    tell: order => void child.stdin.write(`${JSON.stringify(order)}\n`),
    async stop() {
      stopping = true
      child.stdin.destroy()
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
      await exited
      clearTimeout(timer)
    },
  }
}

async function readyPort(
  child: ChildProcess,
  exited: Promise<string>,
  emit: (event: MasterEvent) => void,
): Promise<number> {
  const lines = createInterface({ input: child.stdout! })
  let timer: NodeJS.Timeout | undefined
  const ready = new Promise<number>((resolve, reject) => {
    const fail = (detail: string) =>
      reject(new HarnessError('MASTER_SETUP', `the embedded master did not start: ${detail}`, 'see the lines above'))
    timer = setTimeout(() => fail(`no answer within ${START_LIMIT_MS / 1000} s`), START_LIMIT_MS)
    void exited.then(fail)
    lines.on('line', line => {
      const message = JSON.parse(line) as ProcessMessage
      if (message.kind === 'ready') resolve(message.port)
      else if (message.kind === 'failed') fail(message.detail)
      else if (message.kind === 'restarted') emit({ kind: 'restarted', pid: child.pid!, previousPid: child.pid! })
      else emit({ kind: 'syslog', line: message.line })
    })
  })
  return ready.finally(() => clearTimeout(timer))
}

/** The built file, also when this runs from its source under a test runner. */
function processFile(): string {
  const here = import.meta.url
  const file = fileURLToPath(
    new URL(here.endsWith('.ts') ? '../../../dist/masters/embedded/process.js' : './process.js', here),
  )
  if (existsSync(file)) return file
  throw new HarnessError('MASTER_SETUP', `the embedded master's program ${file} is missing`, 'run npm run build')
}

function describePlain(settings: ProcessSettings): MasterDescription {
  return {
    version: `embedded ${settings.version}`,
    mailboxDatabase: 'memory',
    settings: changedSettings(settings),
    binaries: {},
  }
}

function describeModel({ calibration, settings }: ModelOptions): MasterDescription {
  const { master } = calibration
  return {
    version: `model of ${master.kind} ${master.version} (calibrated ${calibration.madeAt.slice(0, 10)})`,
    mailboxDatabase: master.mailboxDatabase,
    settings,
    binaries: {},
  }
}

function changedSettings(settings: ProcessSettings): Record<string, string> {
  const changed: Record<string, string> = {}
  for (const key of ['failedLoginPauseMs', 'connectionsMax', 'backlogBytesMax'] as const) {
    if (settings[key] !== SETTING_DEFAULTS[key]) changed[key] = String(settings[key])
  }
  if (settings.slowedBy !== undefined) changed.slowedBy = String(settings.slowedBy)
  return changed
}

function withoutUndefined(options: EmbeddedMasterOptions): EmbeddedMasterOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
