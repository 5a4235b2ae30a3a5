import { createInterface } from 'node:readline'
import { isHarnessError, messageOf } from '../../core/errors.js'
import type { DialectName } from './dialect.js'
import { type RunningServer, startServer } from './server.js'
import { checkSnapshot, saveSnapshot } from './snapshot.js'
import type { ProcessMessage, ProcessOrder, ProcessSettings } from './settings.js'

/**
 * The master's process. Its standard input is its life line: the first line holds the settings, and when the parent
 * is gone, kill -9 included, the kernel closes it and the process ends.
 */
function main(): void {
  let settings: ProcessSettings | undefined
  let server: Promise<RunningServer | undefined> | undefined
  createInterface({ input: process.stdin }).on('line', line => {
    if (server === undefined) {
      settings = JSON.parse(line) as ProcessSettings
      server = run(settings)
    } else void server.then(running => running?.restart((JSON.parse(line) as ProcessOrder).empty))
  })
  process.stdin.on('close', () => void end(settings, server))
  process.stdout.on('error', () => process.exit(0))
  // Ctrl-C in a terminal goes to the whole group; ours is the parent's to end, after it has drained.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => {})
}

async function run(settings: ProcessSettings): Promise<RunningServer | undefined> {
  try {
    if (settings.save !== undefined) checkSnapshot(settings.save)
    const server = await startServer(settings, {
      report: line => tell({ kind: 'report', line }),
      restarted: () => tell({ kind: 'restarted' }),
    })
    tell({ kind: 'ready', port: server.port })
    return server
  } catch (error) {
    const { code, hint } = isHarnessError(error)
      ? error
      : { code: 'MASTER_SETUP' as const, hint: 'see the lines above' }
    tell({ kind: 'failed', code, detail: messageOf(error), hint })
    process.exitCode = 1
    process.stdin.destroy()
    return undefined
  }
}

/** What it holds is kept, however the parent ended. */
async function end(
  settings: ProcessSettings | undefined,
  server: Promise<RunningServer | undefined> | undefined,
): Promise<never> {
  const save = settings?.save
  const running = save === undefined ? undefined : await server
  if (save !== undefined && running !== undefined) saveTo(save, running, settings?.dialect)
  process.exit()
}

function saveTo(path: string, { core }: RunningServer, dialect: DialectName | undefined): void {
  try {
    const leftOut = saveSnapshot(core.catalogue, path, dialect)
    if (leftOut === undefined) return
    const { count, first } = leftOut
    tell({
      kind: 'report',
      line: `${path} lacks ${count} of the mailboxes, ${JSON.stringify(first)} first: no dump can hold them`,
    })
  } catch (error) {
    tell({ kind: 'unsaved', detail: messageOf(error) })
    process.exitCode = 1
  }
}

function tell(message: ProcessMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

main()
