import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { HarnessError } from '../../core/errors.js'
import { packageVersion } from '../../core/package-root.js'
import type { Mechanism } from '../../sasl/mechanism.js'
import type { Credentials, Master, MasterDescription, MasterEvent } from '../master.js'
import type { DialectName } from './dialect.js'
import type { ModelOptions } from './modelled-service.js'
import type { TlsOptions } from './server-tls.js'
import {
  type Faults,
  type ProcessMessage,
  type ProcessOrder,
  type ProcessSettings,
  SETTING_DEFAULTS,
} from './settings.js'

const START_LIMIT_MS = 15_000
const STOP_LIMIT_MS = 2000
/** To read or write a list of some millions. */
const FILE_LIMIT_MS = 120_000

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
  /** SASL's that it offers, as its banner lists them; PLAIN alone. */
  readonly mechanisms?: readonly Mechanism[]
  /** Says what this version of Cyrus says, and that it is one; absent: our own name, and what 3.6.1 says. */
  readonly dialect?: DialectName
  /** Offers STARTTLS, or is TLS from the first byte on. */
  readonly tls?: TlsOptions
  /** Offers COMPRESS DEFLATE. */
  readonly compress?: boolean
  /** Dies, and comes back, of what kills a Cyrus of its dialect: DELETE of an unknown name. */
  readonly crashes?: boolean
  /** Milliseconds that a wrong password costs; 3,000 as Cyrus's `failedloginpause`. */
  readonly failedLoginPauseMs?: number
  /** Beyond it, `* BYE "Server Unable"`; Cyrus's `mupdate_connections_max`. */
  readonly connectionsMax?: number
  /** Bytes of changes kept for the slowest slave before it is dropped. */
  readonly backlogBytesMax?: number
  /** A dump of `ctl_mboxlist -d` that it holds from the start. */
  readonly load?: string
  /** Where what it holds is written, as such a dump, when it is stopped or its parent is gone. */
  readonly save?: string
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
    credentials: credentialsOf(settings),
    // A model's CPU says nothing: what it costs is time waited.
    pid: () => (settings.model === undefined ? running?.pid() : undefined),
    restart: empty => running?.tell({ kind: 'restart', empty }),
    describe: () => (settings.model === undefined ? describePlain(settings) : describeModel(settings.model)),
    onEvent: listener => void listeners.push(listener),
  }
}

/** PLAIN where it is offered, whatever else is: what SCRAM costs would be in every figure. */
function credentialsOf({ user, password, mechanisms }: ProcessSettings): Credentials {
  return { user, password, ...(mechanisms.includes('PLAIN') ? { mechanism: 'PLAIN' } : {}) }
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
  const closed = new Promise<void>(resolve => child.once('close', () => resolve()))
  let unsaved: string | undefined
  let port: number
  try {
    const limitMs = START_LIMIT_MS + (settings.load === undefined ? 0 : FILE_LIMIT_MS)
    port = await readyPort(child, exited, limitMs, emit, detail => {
      unsaved = detail
    })
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
      const limitMs = settings.save === undefined ? STOP_LIMIT_MS : FILE_LIMIT_MS
      const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
      await closed
      clearTimeout(timer)
      if (unsaved !== undefined) throw notSaved(settings.save!, unsaved)
    },
  }
}

async function readyPort(
  child: ChildProcess,
  exited: Promise<string>,
  limitMs: number,
  emit: (event: MasterEvent) => void,
  onUnsaved: (detail: string) => void,
): Promise<number> {
  const lines = createInterface({ input: child.stdout! })
  let timer: NodeJS.Timeout | undefined
  const ready = new Promise<number>((resolve, reject) => {
    const fail = (detail: string, hint = 'see the lines above') =>
      reject(new HarnessError('MASTER_SETUP', `the embedded master did not start: ${detail}`, hint))
    timer = setTimeout(() => fail(`no answer within ${limitMs / 1000} s`), limitMs)
    void exited.then(detail => fail(detail))
    lines.on('line', line => {
      const message = JSON.parse(line) as ProcessMessage
      if (message.kind === 'ready') resolve(message.port)
      else if (message.kind === 'failed' && message.code === 'MASTER_SETUP') fail(message.detail, message.hint)
      else if (message.kind === 'failed') reject(new HarnessError(message.code, message.detail, message.hint))
      else if (message.kind === 'unsaved') onUnsaved(message.detail)
      else if (message.kind === 'restarted') emit({ kind: 'restarted', pid: child.pid!, previousPid: child.pid! })
      else emit({ kind: 'syslog', line: message.line })
    })
  })
  return ready.finally(() => clearTimeout(timer))
}

function notSaved(path: string, detail: string): HarnessError {
  return new HarnessError(
    'RESULTS',
    `what the embedded master held is lost: cannot write ${path}: ${detail}`,
    'give --save a path in a folder that can be written',
  )
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
  const { mechanisms, dialect, tls, compress, crashes } = settings
  if (mechanisms !== SETTING_DEFAULTS.mechanisms) changed.mechanisms = mechanisms.join(' ')
  if (dialect !== undefined) changed.dialect = dialect
  if (tls !== undefined) changed.tls = tls.implicit === true ? 'implicit' : 'starttls'
  if (compress === true) changed.compress = 'deflate'
  for (const key of ['load', 'save'] as const) if (settings[key] !== undefined) changed[key] = settings[key]
  if (crashes === true) changed.crashes = 'true'
  if (settings.slowedBy !== undefined) changed.slowedBy = String(settings.slowedBy)
  return changed
}

function withoutUndefined(options: EmbeddedMasterOptions): EmbeddedMasterOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
