import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Runs a command to its end. @throws when it fails */
export async function output(
  command: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<string> {
  const { status, text } = await outcome(command, args, environment)
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: status ${status}`)
  return text
}

/** The same, whatever its end; with the most memory that it was seen to hold. */
export function outcome(
  command: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<{ status: number | null; text: string; rssPeakBytes: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    let rssPeakBytes = 0
    const watch = setInterval(() => {
      rssPeakBytes = Math.max(rssPeakBytes, rssBytes(child.pid))
    }, 250)
    child.stdout.on('data', chunk => {
      text += chunk
    })
    child.on('error', reject)
    child.on('close', status => {
      clearInterval(watch)
      resolve({ status, text, rssPeakBytes })
    })
  })
}

/** 0 for a process that is gone. */
export function rssBytes(pid: number | undefined): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

/** `a=1.5 b=2` → { a: 1.5, b: 2 } */
export function figures(text: string): Record<string, number> {
  return Object.fromEntries([...text.matchAll(/(\w+)=([\d.]+)/g)].map(([, key, value]) => [key, Number(value)]))
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export type Side = Record<string, number>

/** Interleaved pairs, ours and theirs in turn and in changing order, every run printed. */
export async function pairs(
  name: string,
  count: number,
  ours: () => Promise<Side>,
  theirs: () => Promise<Side>,
): Promise<{ ours: Side[]; theirs: Side[] }> {
  const runs = { ours: [] as Side[], theirs: [] as Side[] }
  for (let i = 0; i < count; i++) {
    for (const side of i % 2 === 0 ? (['ours', 'theirs'] as const) : (['theirs', 'ours'] as const)) {
      const result = await (side === 'ours' ? ours : theirs)()
      runs[side].push(result)
      process.stdout.write(`${name} ${i + 1}/${count} ${side.padEnd(6)} ${JSON.stringify(result)}\n`)
    }
  }
  return runs
}

export function ratio(runs: { ours: Side[]; theirs: Side[] }, key: string): number {
  return median(runs.ours.map(run => run[key])) / median(runs.theirs.map(run => run[key]))
}
