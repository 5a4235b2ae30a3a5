import { createInterface } from 'node:readline'
import { messageOf } from '../../core/errors.js'
import { type RunningServer, startServer } from './server.js'
import type { ProcessMessage, ProcessOrder, ProcessSettings } from './settings.js'

/**
 * The master's process. Its standard input is its life line: the first line holds the settings, and when the parent
 * is gone, kill -9 included, the kernel closes it and the process ends.
 */
function main(): void {
  let server: Promise<RunningServer | undefined> | undefined
  createInterface({ input: process.stdin }).on('line', line => {
    if (server === undefined) server = run(JSON.parse(line) as ProcessSettings)
    else void server.then(running => running?.restart((JSON.parse(line) as ProcessOrder).empty))
  })
  process.stdin.on('close', () => process.exit(0))
  process.stdout.on('error', () => process.exit(0))
  // Ctrl-C in a terminal goes to the whole group; ours is the parent's to end, after it has drained.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => {})
}

async function run(settings: ProcessSettings): Promise<RunningServer | undefined> {
  try {
    const server = await startServer(settings, {
      report: line => tell({ kind: 'report', line }),
      restarted: () => tell({ kind: 'restarted' }),
    })
    tell({ kind: 'ready', port: server.port })
    return server
  } catch (error) {
    tell({ kind: 'failed', detail: messageOf(error) })
    process.exitCode = 1
    process.stdin.destroy()
    return undefined
  }
}

function tell(message: ProcessMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

main()
