import { type Command, InvalidArgumentError, Option } from 'commander'
import { HarnessError } from '../core/errors.js'
import type { DumpEntry } from '../dumps/dump-entry.js'
import { type BadDumpLine, type DumpEnd, readDump } from '../dumps/read-dump.js'
import { dumpStream } from '../drivers/dump-stream.js'

const ON_BAD_LINE = ['stop', 'skip', 'report'] as const
/** More of them are counted, and no longer told. */
const MOST_TOLD = 20

export interface DumpFlags {
  /** What to do with a line that is no mailbox. */
  readonly onBadLine: (typeof ON_BAD_LINE)[number]
  /** Where those lie of which the dump does not say it. */
  readonly server?: string
}

/** What all who read a dump can be told of it. */
export function dumpOptions(command: Command): Command {
  return badLineOption(
    command.option(
      '--server <name>',
      'where those lie of which the dump does not say it: it is a backend’s own',
      serverName,
    ),
  )
}

/** For who reads several dumps, which are not of one server. */
export function badLineOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--on-bad-line <what>',
      'stop at the first line that is no mailbox, leave such lines out, or tell of each',
    )
      .choices(ON_BAD_LINE)
      .default('stop'),
  )
}

function serverName(text: string): string {
  if (!/^[^\s!]+$/.test(text)) throw new InvalidArgumentError('It is no host’s name.')
  return text
}

/** A dump that was named on the command line. */
export class GivenDump {
  /** Lines that are no mailbox, so far. */
  bad = 0
  /** Known when all was read. */
  end: DumpEnd | undefined

  constructor(
    readonly path: string,
    private readonly flags: DumpFlags,
  ) {}

  /** Its mailboxes, once. @throws {HarnessError} `USAGE`, by default at the first line that is none */
  async *batches(): AsyncGenerator<readonly DumpEntry[]> {
    const reading = readDump(dumpStream(this.path), this.path, line => this.onBad(line))
    try {
      for (let next = await reading.next(); ; next = await reading.next()) {
        if (next.done === true) {
          this.end = next.value
          return
        }
        yield this.located(next.value)
      }
    } finally {
      // Whoever has enough leaves no file open.
      await reading.return({ format: '3.6', lines: 0 })
    }
  }

  private located(entries: readonly DumpEntry[]): readonly DumpEntry[] {
    const { server } = this.flags
    return server === undefined ? entries : entries.map(entry => (entry.server === '' ? { ...entry, server } : entry))
  }

  private onBad({ line, column, reason }: BadDumpLine): void {
    this.bad++
    const text = `${this.path}:${line}:${column}: ${reason}`
    const { onBadLine } = this.flags
    if (onBadLine === 'stop')
      throw new HarnessError('USAGE', text, '--on-bad-line report goes on and tells of each, skip tells how many')
    if (onBadLine === 'skip' || this.bad > MOST_TOLD) return
    process.stderr.write(`${text}\n${this.bad === MOST_TOLD ? '… more are counted only\n' : ''}`)
  }
}
