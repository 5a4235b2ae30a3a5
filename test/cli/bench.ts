import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type RunResult, runResultSchema } from '../../src/metrics/run-result.js'

export const MAIN = join(import.meta.dirname, '../../dist/cli/main.js')

/** A site that any machine holds: what is tested is what happens around it. */
export const SMALL = `\
site: { mailboxes: 300, backends: 3 }
slaves: { count: 2, retryDelay: 20s, start: simultaneous }
probes: { rate: 40 }
backends:
  connection: kept
  arrivals: { kind: poisson, rate: 40 }
  mix: { create: 4, setacl: 2, delete: 1, find: 1 }
phases:
  - { name: preload, run: [preload], until: preloaded, limit: 20s }
  - { name: settle, run: [slaves, probes], until: streaming, limit: 20s }
  - { name: steady, run: [slaves, probes, backends], duration: 1500ms }
  - { name: drain, run: [slaves, probes], until: idle, limit: 5s }
thresholds:
  - slaves.timeouts == 0
  - create.failed == 0
`

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly child: ChildProcess
  readonly pid: number
  readonly ended: Promise<Ended>
}

/** A murder whose users move to a backend that is new. */
export const NIGHT = `\
site: { mailboxes: 500, backends: 2 }
slaves: { count: 2, retryDelay: 20s, start: simultaneous }
phases:
  - { name: preload, run: [preload], until: preloaded, limit: 20s }
  - { name: settle, run: [slaves], until: streaming, limit: 20s }
  - { name: move, run: [slaves], step: { move: { from: be1.example.com, to: be3.example.com, users: 20 }, rate: 50 }, until: done }
`

/** A folder of its own for one test, with a profile and a place for results, and every process started in it. */
export class Workbench {
  readonly directory = mkdtempSync(join(tmpdir(), 'mupdate-bench-cli-'))
  readonly profile = join(this.directory, 'small.yaml')
  readonly out = join(this.directory, 'results')
  private readonly children: ChildProcess[] = []

  constructor() {
    writeFileSync(this.profile, SMALL)
  }

  /** Writes a file of its own. @returns its path */
  file(name: string, content: string | Buffer): string {
    const path = join(this.directory, name)
    writeFileSync(path, content)
    return path
  }

  /** @param within words before the command, such as those that put it into a namespace */
  start(args: readonly string[], env: Record<string, string> = {}, within: readonly string[] = []): Started {
    const [command, ...words] = [...within, process.execPath, MAIN, ...args]
    const child = spawn(command!, words, {
      cwd: this.directory,
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.children.push(child)
    const ended = new Promise<Ended>(resolve => {
      let stdout = ''
      let stderr = ''
      child.stdout.on('data', text => (stdout += text))
      child.stderr.on('data', text => (stderr += text))
      child.once('close', status => resolve({ status, stdout, stderr }))
    })
    return { child, pid: child.pid!, ended }
  }

  async bench(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
    return this.start(args, env).ended
  }

  startRun(args: readonly string[] = [], env: Record<string, string> = {}, profile = this.profile): Started {
    return this.start(['run', profile, '--out', this.out, ...args], env)
  }

  /** A run; once more where it says itself (exit 5) that this busy machine, not the master, was the limit. */
  async run(args: readonly string[] = [], env: Record<string, string> = {}, profile = this.profile): Promise<Ended> {
    for (let attempt = 1; ; attempt++) {
      const ended = await this.startRun(args, env, profile).ended
      if (ended.status !== 5 || attempt === 3) return ended
      // One that is there already is not written again.
      if (args.includes('--trace')) rmSync(args[args.indexOf('--trace') + 1]!, { force: true })
    }
  }

  /** The folders of all runs, the last one's last. */
  folders(profile = 'small'): string[] {
    const names = readdirSync(join(this.out, profile)).sort()
    return names.map(name => join(this.out, profile, name))
  }

  folder(profile?: string): string {
    return this.folders(profile).at(-1)!
  }

  result(profile?: string): RunResult {
    return runResultSchema.parse(JSON.parse(readFileSync(join(this.folder(profile), 'run.json'), 'utf8')))
  }

  /** @returns the events of the last run so far */
  events(profile?: string): { atMs: number; kind: string; detail: string }[] {
    return this.lines('events.ndjson', profile)
  }

  /** @returns what is in a file of the last run so far; a line that is being written is left out */
  lines<Line>(file: string, profile?: string): Line[] {
    const lines = readFileSync(join(this.folder(profile), file), 'utf8').split('\n')
    return lines.slice(0, -1).map(line => JSON.parse(line) as Line)
  }

  /** Waits until the run is in a phase and the first seconds of it are in `run.json`. */
  async inPhase(name: string, profile?: string): Promise<void> {
    await until(`phase ${name} in run.json`, () => this.result(profile).phases.some(phase => phase.name === name))
  }

  remove(): void {
    for (const child of this.children) {
      child.kill('SIGCONT')
      child.kill('SIGKILL')
    }
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** What throws is not there yet. */
export async function until(what: string, look: () => boolean, limitMs = 15_000): Promise<void> {
  for (const end = Date.now() + limitMs; Date.now() < end; await sleep(20)) {
    try {
      if (look()) return
    } catch {
      // Not there yet.
    }
  }
  throw new Error(`not seen in ${limitMs} ms: ${what}`)
}

/** A zombie is not: some containers' init leaves them lying. */
export function alive(pid: number): boolean {
  const stat = statOf(pid)
  return stat !== undefined && stat.state !== 'Z'
}

/** Processes below `pid`, nearest first. */
export function descendants(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(candidate => statOf(candidate)?.parent === pid)
  return [...children, ...children.flatMap(descendants)]
}

export function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
}

/** Of each thread of a process, its main one first. */
export function niceness(pid: number): number[] {
  const tids = readdirSync(`/proc/${pid}/task`).map(Number)
  // One that has ended is no more.
  return [pid, ...tids.filter(tid => tid !== pid)].flatMap(tid => statOf(tid, `/proc/${pid}/task`)?.nice ?? [])
}

/** @param within where it has its folder */
function statOf(pid: number, within = '/proc'): { state: string; parent: number; nice: number } | undefined {
  try {
    const fields = readFileSync(`${within}/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return { state: fields[0]!, parent: Number(fields[1]), nice: Number(fields[16]) }
  } catch {
    return undefined
  }
}

/** Whether a rehearsal has drawn so many operations in a phase; in its first one, the preload, noted so many names. */
export function hasDrawn(folder: string, phase: number, draws: number): boolean {
  const linesOf = (name: string) => readFileSync(join(folder, name), 'latin1').split('\n')
  if (phase === 0) return linesOf('journal.txt').length > draws
  return linesOf('draws.txt').some(line => line.startsWith(`${phase} `) && line.length > draws)
}
