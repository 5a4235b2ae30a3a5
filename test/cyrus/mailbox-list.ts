import { spawn } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cyrusAccount } from '../../src/masters/cyrus/account.js'
import { STATE_DIRECTORIES } from '../../src/masters/cyrus/config.js'
import { dropWords } from '../../src/masters/cyrus/namespace.js'

const PROGRAMS = '/usr/lib/cyrus/bin'

export interface Ended {
  readonly status: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

export function ctlMboxlist(config: string, args: readonly string[], input: Buffer | string = ''): Promise<Ended> {
  return runProgram('ctl_mboxlist', config, args, input)
}

/** Runs a real program as who owns its files; it refuses to run as root. */
export function runProgram(
  name: string,
  config: string,
  args: readonly string[],
  input: Buffer | string = '',
): Promise<Ended> {
  const account = cyrusAccount()
  const words = [...(account.drop ? dropWords(account) : []), join(PROGRAMS, name), '-C', config, ...args]
  const child = spawn(words[0]!, words.slice(1), { cwd: '/' })
  const stdout: Buffer[] = []
  let stderr = ''
  child.stdout.on('data', bytes => stdout.push(bytes))
  child.stderr.on('data', text => (stderr += text))
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', status => resolve({ status, stdout: Buffer.concat(stdout), stderr }))
  })
}

/** The mailbox list of a Cyrus that does not run. */
export class MailboxList {
  readonly folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-list-'))
  readonly config = join(this.folder, 'imapd.conf')

  constructor(settings: Readonly<Record<string, string>>) {
    const made = ['', 'conf', ...STATE_DIRECTORIES.map(name => `conf/${name}`), 'part']
    for (const name of made) mkdirSync(join(this.folder, name), { recursive: true })
    const all = {
      configdirectory: join(this.folder, 'conf'),
      'partition-default': join(this.folder, 'part'),
      defaultpartition: 'default',
      mboxname_lockpath: join(this.folder, 'conf/lock'),
      ...settings,
    }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\n`)
    writeFileSync(this.config, lines.join(''))
    const { drop, uid, gid } = cyrusAccount()
    if (drop) for (const name of made) chownSync(join(this.folder, name), uid, gid)
  }

  /** @param dump as Cyrus 3.6 writes it */
  async load(dump: Buffer | string): Promise<void> {
    await this.done(['-u'], dump)
  }

  async dump(): Promise<Buffer> {
    return (await this.done(['-d'])).stdout
  }

  run(args: readonly string[]): Promise<Ended> {
    return ctlMboxlist(this.config, args)
  }

  /**
   * Makes a database of records as they are: it opens none as a mailbox list, which 3.6 would upgrade.
   *
   * @returns its path
   */
  async databaseOf(records: readonly string[], format: 'twoskip' | 'skiplist' | 'flat'): Promise<string> {
    const flat = join(this.folder, 'conf/records')
    writeFileSync(
      flat,
      records
        .toSorted(byBytes)
        .map(record => `${record}\n`)
        .join(''),
      'latin1',
    )
    const { drop, uid, gid } = cyrusAccount()
    if (drop) chownSync(flat, uid, gid)
    const path = join(this.folder, 'conf', `old-${format}.db`)
    const ended = await runProgram('cvt_cyrusdb', this.config, [flat, 'flat', path, format])
    if (ended.status !== 0) throw new Error(`cvt_cyrusdb: ${ended.stderr}`)
    return path
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  private async done(args: readonly string[], input?: Buffer | string): Promise<Ended> {
    const ended = await ctlMboxlist(this.config, args, input)
    if (ended.status !== 0) throw new Error(`ctl_mboxlist ${args.join(' ')}: ${ended.stderr}`)
    return ended
  }
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : 1
}
