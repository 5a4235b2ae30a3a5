import { messageOf } from '../../core/errors.js'
import { startServer } from './server.js'
import type { ProcessMessage, ProcessSettings } from './settings.js'

/**
 * The master's process. Its standard input is its life line: the first line holds the settings, and when the parent
 * is gone, kill -9 included, the kernel closes it and the process ends.
 */
function main(): void {
  let received = ''
  let started = false
  process.stdin.setEncoding('utf8')
  process.stdin.on('data', text => {
    if (started) return
    received += text
    const end = received.indexOf('\n')
    if (end < 0) return
    started = true
    void run(JSON.parse(received.slice(0, end)) as ProcessSettings)
  })
  process.stdin.on('close', () => process.exit(0))
  process.stdout.on('error', () => process.exit(0))
  // Ctrl-C in a terminal goes to the whole group; ours is the parent's to end, after it has drained.
  process.on('SIGINT', () => {})
}

async function run(settings: ProcessSettings): Promise<void> {
  try {
    const { port } = await startServer(settings, line => tell({ kind: 'report', line }))
    tell({ kind: 'ready', port })
  } catch (error) {
    tell({ kind: 'failed', detail: messageOf(error) })
    process.exitCode = 1
    process.stdin.destroy()
  }
}

function tell(message: ProcessMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

main()
