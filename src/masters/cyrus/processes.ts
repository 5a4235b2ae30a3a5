import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { configPath } from './plan.js'

/**
 * Every process of the master in `directory`: all of them name its configuration file in their arguments, and nothing
 * else does. Found that way, one that lost its parent is found too.
 */
export function processesOf(directory: string): number[] {
  const config = configPath(directory)
  return readdirSync('/proc')
    .filter(isPid)
    .map(Number)
    .filter(pid => argumentsOf(pid).includes(config))
}

/** Children of Cyrus's `master` that are mupdate. */
export function mupdateUnder(masterPid: number): number | undefined {
  return childrenOf(masterPid).find(pid => readOrEmpty(`/proc/${pid}/comm`).trim() === 'mupdate')
}

/** `children` needs CONFIG_PROC_CHILDREN, which most kernels have; else every process is asked for its parent. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(isPid).map(Number)
  } catch {
    return readdirSync('/proc')
      .filter(isPid)
      .map(Number)
      .filter(other => parentOf(other) === pid)
  }
}

function parentOf(pid: number): number {
  const stat = readOrEmpty(`/proc/${pid}/stat`)
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

function argumentsOf(pid: number): string[] {
  return pid === process.pid ? [] : readOrEmpty(`/proc/${pid}/cmdline`).split('\0')
}

function isPid(name: string): boolean {
  return /^\d+$/.test(name)
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const POLITE_MS = 2_000
const FORCED_MS = 5_000
const LOOK_EVERY_MS = 20

/** Ends all processes of the master in `directory`, then removes it. Safe to call when either is gone already. */
export async function removeMaster(directory: string, masterPid?: number): Promise<void> {
  if (masterPid !== undefined && processesOf(directory).includes(masterPid)) signal(masterPid, 'SIGTERM')
  if (!(await endProcesses(directory, 'SIGTERM', POLITE_MS))) await endProcesses(directory, 'SIGKILL', FORCED_MS)
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
}

async function endProcesses(directory: string, name: NodeJS.Signals, patienceMs: number): Promise<boolean> {
  const lastLook = Date.now() + patienceMs
  for (;;) {
    const pids = processesOf(directory)
    if (pids.length === 0) return true
    if (Date.now() > lastLook) return false
    // A stopped process sees no SIGTERM before it is continued.
    for (const pid of pids) if (signal(pid, name)) signal(pid, 'SIGCONT')
    await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}
