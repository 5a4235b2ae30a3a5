import { spawn } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cyrusAccount } from '../../src/masters/cyrus/account.js'
import { STATE_DIRECTORIES } from '../../src/masters/cyrus/config.js'
import { dropWords } from '../../src/masters/cyrus/namespace.js'

const CTL_MBOXLIST = '/usr/lib/cyrus/bin/ctl_mboxlist'

export interface Ended {
  readonly status: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs the real ctl_mboxlist as who owns its files; it refuses to run as root. */
export function ctlMboxlist(config: string, args: readonly string[], input: Buffer | string = ''): Promise<Ended> {
  const account = cyrusAccount()
  const words = [...(account.drop ? dropWords(account) : []), CTL_MBOXLIST, '-C', config, ...args]
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

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  private async done(args: readonly string[], input?: Buffer | string): Promise<Ended> {
    const ended = await ctlMboxlist(this.config, args, input)
    if (ended.status !== 0) throw new Error(`ctl_mboxlist ${args.join(' ')}: ${ended.stderr}`)
    return ended
  }
}
