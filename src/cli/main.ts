#!/usr/bin/env node
import { CommanderError } from 'commander'
import { isHarnessError, messageOf } from '../core/errors.js'
import { EXIT, exitStatusOf } from '../core/exit-status.js'
import { programFor } from './commands.js'
import { keepSeparator } from './separator.js'

const program = await programFor(process.argv[2] ?? '')
for (const command of [program, ...program.commands.flatMap(command => [command, ...command.commands])])
  command.exitOverride()

// A reader that has seen enough (head) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit()
  process.stderr.write(`mupdate-bench: cannot write to standard output: ${error.message}\n`)
  process.exit(EXIT.usage)
})
// Nobody to tell any more: a run goes on, and its results are on disk.
process.stderr.on('error', () => {})

try {
  await program.parseAsync(keepSeparator(process.argv))
} catch (error) {
  process.exitCode = explain(error)
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.pass : EXIT.usage
  if (isHarnessError(error)) {
    process.stderr.write(`mupdate-bench: ${error.message}\n${error.hint === '' ? '' : `  → ${error.hint}\n`}`)
  } else {
    process.stderr.write(`mupdate-bench: internal error: ${messageOf(error)}\n`)
    if (process.env.MUPDATE_BENCH_DEBUG !== undefined && error instanceof Error)
      process.stderr.write(`${error.stack}\n`)
  }
  return exitStatusOf(error)
}
