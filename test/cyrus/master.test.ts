import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CyrusOptions, cyrusInstalled, cyrusMaster } from '../../src/masters/cyrus/cyrus-master.js'
import { DIRECTORY_PREFIX } from '../../src/masters/cyrus/leftovers.js'
import { processesOf } from '../../src/masters/cyrus/processes.js'
import type { Master, MasterEvent } from '../../src/masters/master.js'
import { copySystemCyrus } from '../../bench/cyrus-tree.js'

const PROJECT = join(import.meta.dirname, '../..')

/** A directory on disk that Cyrus's user may enter; what a test leaves is looked for in it. */
let parent: string
let masters: Master[]

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'mupdate-bench-test-'))
  execFileSync('chmod', ['755', parent])
  masters = []
})

afterEach(async () => {
  await Promise.all(masters.map(master => master.stop()))
  rmSync(parent, { recursive: true, force: true })
})

function make(options: CyrusOptions = {}): { master: Master; events: MasterEvent[] } {
  const master = cyrusMaster({ place: 'disk', directory: parent, ...options })
  const events: MasterEvent[] = []
  master.onEvent(event => events.push(event))
  masters.push(master)
  return { master, events }
}

async function until<T>(what: string, look: () => T | undefined | false, limitMs = 10_000): Promise<T> {
  for (const end = Date.now() + limitMs; Date.now() < end; await sleep(20)) {
    const seen = look()
    if (seen !== undefined && seen !== false) return seen
  }
  throw new Error(`not seen in ${limitMs} ms: ${what}`)
}

function ownDirectory(): string {
  const [name, ...more] = readdirSync(parent).filter(entry => entry.startsWith(DIRECTORY_PREFIX))
  expect(more).toEqual([])
  return join(parent, name!)
}

function expectNothingLeft(directory: string): void {
  expect(processesOf(directory)).toEqual([])
  expect(existsSync(directory)).toBe(false)
}

/** A zombie is not: some containers' init leaves them lying. */
function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

function supervisorPid(directory: string): number {
  return Number(readFileSync(join(directory, 'supervisor'), 'utf8').split(' ')[1])
}

async function greeting(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  for await (const chunk of socket) {
    text += chunk
    if (text.includes('* OK MUPDATE')) break
  }
  return text
}

describe('a Cyrus of our own', () => {
  it('is installed, or this suite shows nothing', () => {
    expect(cyrusInstalled()).toBe(true)
  })

  it('answers as a master, says what it is, and leaves nothing', async () => {
    const { master, events } = make({ settings: { mupdate_workers_max: '60' } })
    await master.start()
    const directory = ownDirectory()

    expect(await greeting(master.address.port)).toMatch(
      /^\* AUTH .*"PLAIN"[\s\S]*\* OK MUPDATE "bench" "Cyrus IMAP" .*"\(master\)"/m,
    )
    expect(readFileSync(`/proc/${master.pid()}/comm`, 'utf8')).toBe('mupdate\n')
    const { version, mailboxDatabase, settings, binaries } = master.describe()
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(mailboxDatabase).toBe('twoskip on disk')
    expect(settings).toEqual({ mupdate_connections_max: '900', mupdate_workers_max: '60' })
    for (const [path, sha256] of Object.entries(binaries)) {
      expect(createHash('sha256').update(readFileSync(path)).digest('hex'), path).toBe(sha256)
    }
    const parts = Object.keys(binaries).map(path => basename(path).replace(/\.so.*/, ''))
    expect(parts).toEqual(expect.arrayContaining(['mupdate', 'libcyrus_imap', 'libcyrus', 'libsasl2']))
    await until('the login in the log', () => logged(events, /^mupdate\[\d+\]: login: .* murder PLAIN/))

    await master.stop()
    expectNothingLeft(directory)
    expect(events.filter(event => event.kind !== 'syslog')).toEqual([])
  })

  it('runs as no root and shows its password in no arguments', async () => {
    const { master } = make()
    await master.start()
    const { password } = master.credentials
    const pids = [...processesOf(ownDirectory()), supervisorPid(ownDirectory())]
    expect(pids.length).toBeGreaterThanOrEqual(3)
    for (const pid of pids) expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(password)
    for (const pid of processesOf(ownDirectory())) expect(statSync(`/proc/${pid}`).uid).not.toBe(0)
    expect(statSync(ownDirectory()).mode & 0o077).toBe(0)
  })

  it('runs on tmpfs too, where there is one', async () => {
    const master = cyrusMaster({ place: 'tmpfs' })
    masters.push(master)
    await master.start()
    expect(master.describe().mailboxDatabase).toBe('twoskip on tmpfs')
  })

  it('can be stopped twice, and while it starts', async () => {
    const { master } = make()
    const starting = master.start()
    const refused = expect(starting).rejects.toMatchObject({ code: 'MASTER_SETUP' })
    await sleep(100)
    await Promise.all([master.stop(), master.stop()])
    await refused
    expect(readdirSync(parent)).toEqual([])
  })

  it('shows what its log said when it cannot start', async () => {
    const { master } = make({ settings: { mboxlist_db: 'nosuchdb' } })
    await expect(master.start()).rejects.toMatchObject({
      code: 'MASTER_DIED',
      message: expect.stringMatching(/its log ends:[\s\S]*nosuchdb/),
    })
    expect(readdirSync(parent)).toEqual([])
  })
})

describe('when something dies', () => {
  it('reports that mupdate was restarted, and by which pid', async () => {
    const { master, events } = make()
    await master.start()
    const previousPid = master.pid()!
    process.kill(previousPid, 'SIGKILL')
    const restarted = await until('a restart', () => events.find(event => event.kind === 'restarted'))
    expect(restarted).toEqual({ kind: 'restarted', previousPid, pid: master.pid() })
    expect(master.pid()).not.toBe(previousPid)
    expect(await greeting(master.address.port)).toContain('* OK MUPDATE')
    await until('its death in the log', () =>
      logged(events, /^master\[\d+\]: .*mupdate.* signaled to death by signal 9/),
    )
  })

  it("reports the death of Cyrus's master, and still leaves nothing", async () => {
    const { master, events } = make()
    await master.start()
    const directory = ownDirectory()
    process.kill(parentOf(master.pid()!), 'SIGKILL')
    const died = await until('a death', () => events.find(event => event.kind === 'died'))
    expect(died).toMatchObject({ detail: "Cyrus's master ended: SIGKILL" })
    await master.stop()
    expectNothingLeft(directory)
  })

  it('leaves nothing of a master that was frozen', async () => {
    const { master } = make()
    await master.start()
    const directory = ownDirectory()
    for (const pid of processesOf(directory)) process.kill(pid, 'SIGSTOP')
    await master.stop()
    expectNothingLeft(directory)
  })

  it('cleans up itself when the supervisor is killed', async () => {
    const { master, events } = make()
    await master.start()
    const directory = ownDirectory()
    process.kill(supervisorPid(directory), 'SIGKILL')
    await until('the directory gone', () => !existsSync(directory))
    expectNothingLeft(directory)
    expect(events.at(-1)).toMatchObject({ kind: 'died', detail: 'the supervisor of Cyrus ended: SIGKILL' })
  })
})

describe('a process that holds one', () => {
  it('leaves no process and no directory when it is killed', async () => {
    const { holder, directory } = await hold()
    const supervisor = supervisorPid(directory)
    holder.kill('SIGKILL')
    await until('the directory gone', () => !existsSync(directory) && !alive(supervisor))
    expectNothingLeft(directory)
  })

  it('is the only one that Ctrl-C ends', async () => {
    const { holder, directory } = await hold()
    const supervisor = supervisorPid(directory)
    process.kill(supervisor, 'SIGINT')
    await sleep(300)
    expect(alive(supervisor)).toBe(true)
    holder.kill('SIGINT')
    await until('the directory gone', () => !existsSync(directory) && !alive(supervisor))
  })

  it('killed together with its supervisor, is cleaned up after by the next', async () => {
    const { holder, directory } = await hold()
    process.kill(supervisorPid(directory), 'SIGSTOP')
    holder.kill('SIGKILL')
    process.kill(supervisorPid(directory), 'SIGKILL')
    await until('the processes gone', () => processesOf(directory).length === 0)
    expect(existsSync(directory)).toBe(true)
    const { master } = make()
    await master.start()
    expect(existsSync(directory)).toBe(false)
  })
})

describe('another build', () => {
  it('loads its own libraries', async () => {
    const tree = copySystemCyrus(join(parent, 'tree'))
    const { master } = make({ prefix: tree })
    await master.start()
    const cyrusParts = Object.keys(master.describe().binaries).filter(path =>
      /^(mupdate$|libcyrus)/.test(basename(path)),
    )
    expect(cyrusParts.length).toBeGreaterThanOrEqual(4)
    for (const path of cyrusParts) expect(path.startsWith(`${tree}/`), path).toBe(true)
  })

  it('that is not there is an error that says what to install', async () => {
    const { master } = make({ prefix: parent })
    await expect(master.start()).rejects.toMatchObject({
      code: 'MASTER_SETUP',
      message: expect.stringContaining('master, mupdate, ctl_cyrusdb'),
      hint: expect.stringContaining('apt-get install cyrus-murder cyrus-common sasl2-bin'),
    })
    expect(cyrusInstalled(parent)).toBe(false)
  })
})

describe('where namespaces are not to be had', () => {
  it('runs without its log, and says so once', async () => {
    const path = process.env.PATH
    const tools = join(parent, 'tools')
    mkdirSync(tools)
    for (const tool of ['env', 'setpriv']) cpSync(`/usr/bin/${tool}`, join(tools, tool), { dereference: true })
    execFileSync('chmod', ['755', tools])
    const { master, events } = make()
    process.env.PATH = tools
    try {
      await master.start()
    } finally {
      process.env.PATH = path
    }
    expect(events).toEqual([{ kind: 'syslog', line: expect.stringContaining("Cyrus's log is not captured") }])
    expect(await greeting(master.address.port)).toContain('* OK MUPDATE')
  })
})

describe.runIf(process.getuid!() === 0)('an ordinary user', () => {
  it('runs it as itself, with its log where user namespaces are allowed', async () => {
    const { holder, directory, lines } = await hold({ uid: 65534, gid: 65534 })
    const pids = processesOf(directory)
    expect(pids.length).toBeGreaterThanOrEqual(2)
    for (const pid of pids) expect(statSync(`/proc/${pid}`).uid).toBe(65534)
    expect(lines.join('\n')).toMatch(/login: .* murder PLAIN|log is not captured/)
    holder.kill('SIGKILL')
    await until('the directory gone', () => !existsSync(directory))
    expectNothingLeft(directory)
  })
})

function logged(events: readonly MasterEvent[], pattern: RegExp): boolean {
  return events.some(event => event.kind === 'syslog' && pattern.test(event.line))
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

/** Another process that has started a master and holds it; ended with the test. */
async function hold(
  user: { uid?: number; gid?: number } = {},
): Promise<{ holder: ChildProcess; directory: string; lines: string[] }> {
  execFileSync('chmod', ['1777', parent])
  // A copy that any user may read: the checkout may lie in a private folder.
  cpSync(join(PROJECT, 'dist'), join(parent, 'dist'), { recursive: true })
  cpSync(join(PROJECT, 'package.json'), join(parent, 'package.json'))
  const script = `
    import { cyrusMaster } from ${JSON.stringify(join(parent, 'dist/masters/cyrus/cyrus-master.js'))}
    const master = cyrusMaster({ place: 'disk', directory: ${JSON.stringify(parent)} })
    master.onEvent(event => console.log(JSON.stringify(event)))
    await master.start()
    console.log('held')`
  const args = ['--input-type=module', '-e', script]
  const holder = spawn(process.execPath, args, { ...user, cwd: parent, stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  createInterface({ input: holder.stdout }).on('line', line => lines.push(line))
  await until('a held master', () => lines.includes('held'), 25_000)
  return { holder, directory: ownDirectory(), lines }
}
