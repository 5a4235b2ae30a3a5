import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { HarnessError } from '../../core/errors.js'
import { cyrusAccount } from './account.js'
import { findBinaries, findTool } from './binaries.js'
import { databaseOf, environmentWords, install } from './installation.js'
import { DIRECTORY_PREFIX } from './leftovers.js'
import { dropWords } from './namespace.js'
import { chooseParent } from './place.js'
import { type CyrusPlan, configPath } from './plan.js'
import { removeMaster } from './processes.js'

export interface OfflineCyrusOptions {
  /** Tree of another build; the system's own Cyrus when absent. */
  readonly prefix?: string
  readonly settings?: Readonly<Record<string, string>>
  /** A copy of this file is its `mailboxes.db`; it has none when absent. */
  readonly database?: string
}

export interface ToolEnded {
  readonly status: number | null
  /** The first of what it complained of. */
  readonly complaints: readonly string[]
}

type Tool = 'ctl_mboxlist' | 'cyr_dbtool'

const MOST_COMPLAINTS = 30

/** A Cyrus that does not run, in a private directory: for its programs that read and write the mailbox list themselves. */
export class OfflineCyrus {
  private readonly plan: CyrusPlan

  /** @throws {HarnessError} `MASTER_SETUP` where there is no Cyrus, or no room */
  constructor({ prefix, settings = {}, database }: OfflineCyrusOptions = {}) {
    this.plan = {
      directory: join(chooseParent('tmpfs'), DIRECTORY_PREFIX + randomBytes(6).toString('hex')),
      role: 'master',
      port: 0,
      user: 'murder',
      password: randomBytes(18).toString('base64url'),
      account: cyrusAccount(),
      binaries: findBinaries(prefix === undefined ? undefined : resolve(prefix)),
      settings,
      maxDescriptors: 0,
      ...(database === undefined ? {} : { database: resolve(database) }),
    }
    install(this.plan)
  }

  get database(): string {
    return databaseOf(this.plan.directory)
  }

  /** Runs one of its programs, whose output goes to a file. */
  async write(path: string, tool: Tool, words: readonly string[]): Promise<ToolEnded> {
    const child = this.start(tool, words)
    child.stdin.end()
    const [ended] = await Promise.all([endOf(child, tool), pipeline(child.stdout, createWriteStream(path))])
    return ended
  }

  /**
   * Runs one of its programs with that on its standard input.
   *
   * @param onComplaint of each line that it complains of
   */
  async feed(
    tool: Tool,
    words: readonly string[],
    input: AsyncIterable<Buffer>,
    onComplaint: (line: string) => void,
  ): Promise<ToolEnded> {
    const child = this.start(tool, words)
    child.stdout.resume()
    const ended = endOf(child, tool, onComplaint)
    // A program that reads no further says why by its end.
    await pipeline(Readable.from(input), child.stdin).catch(error => {
      if (!isBrokenPipe(error)) throw error
    })
    return ended
  }

  /** Whether a program's usage, which it shows when it is told nothing, has that in it. */
  async says(tool: Tool, text: string): Promise<boolean> {
    const child = this.start(tool, [])
    child.stdin.end()
    child.stdout.resume()
    return (await endOf(child, tool)).complaints.some(line => line.includes(text))
  }

  /** Ends what still runs, and removes the directory. */
  async remove(): Promise<void> {
    await removeMaster(this.plan.directory)
  }

  private start(tool: Tool, words: readonly string[]): ChildProcessByStdio<Writable, Readable, Readable> {
    const { account, binaries, directory } = this.plan
    const path = findTool(tool, binaries)
    const become = account.drop ? dropWords(account) : []
    const all = [...become, 'env', ...environmentWords(this.plan), path, '-C', configPath(directory), ...words]
    return spawn(all[0]!, all.slice(1), { cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] })
  }
}

function endOf(
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  tool: Tool,
  onComplaint: (line: string) => void = () => {},
): Promise<ToolEnded> {
  const complaints: string[] = []
  createInterface({ input: child.stderr }).on('line', line => {
    if (line.trim() === '') return
    if (complaints.length < MOST_COMPLAINTS) complaints.push(line)
    onComplaint(line)
  })
  return new Promise((end, reject) => {
    child.once('error', cause =>
      reject(new HarnessError('MASTER_SETUP', `${tool}: ${cause.message}`, 'install util-linux', { cause })),
    )
    child.once('close', status => end({ status, complaints }))
  })
}

function isBrokenPipe(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET'
}
