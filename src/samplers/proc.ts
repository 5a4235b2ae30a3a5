/** Texts of Linux's `/proc` (proc(5)) as numbers. Pure; a text of another shape is `undefined`, never a throw. */

/**
 * Length of a tick of `/proc/PID/stat` and `/proc/stat`. The kernel scales what it shows to USER_HZ, which is 100 on
 * every architecture that Node runs on, whatever the timer interrupt's rate is.
 */
export const TICK_NS = 10_000_000

export interface ProcessStat {
  /** utime + stime of all threads, those that have ended included; in steps of {@link TICK_NS}. */
  readonly cpuNs: number
  readonly threadCount: number
  /** When the process started, in ticks since boot: tells a reused pid. */
  readonly startTicks: number
}

/** `/proc/PID/stat`. The command's name may hold spaces and parentheses: fields are counted from its last `)`. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [utime, stime] = [Number(fields[11]), Number(fields[12])]
  const [threadCount, startTicks] = [Number(fields[17]), Number(fields[19])]
  if (!text.includes(')') || !Number.isFinite(utime + stime + threadCount + startTicks)) return undefined
  return { cpuNs: (utime + stime) * TICK_NS, threadCount, startTicks }
}

export interface SchedTimes {
  /** ns on a CPU since the thread began */
  readonly runNs: number
  /** ns ready to run and waiting for a CPU, since the thread began */
  readonly waitNs: number
}

/** `/proc/PID/task/TID/schedstat`: ns on a CPU, ns waiting for one, number of timeslices. */
export function parseSchedstat(text: string): SchedTimes | undefined {
  const match = /^(\d+) (\d+) \d+/.exec(text)
  return match ? { runNs: Number(match[1]), waitNs: Number(match[2]) } : undefined
}

/** Resident memory from `/proc/PID/status`: in kB there, whereas `statm` counts pages of a size not told. */
export function parseRssBytes(text: string): number | undefined {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(text)
  return match ? Number(match[1]) * 1024 : undefined
}

export interface ProcessIo {
  /** Bytes fetched from storage; none for tmpfs and for what the page cache held. */
  readonly readBytes: number
  /** Bytes that went, or will go, to storage. */
  readonly writeBytes: number
  /** System calls that write, to sockets too. */
  readonly syscw: number
}

/** `/proc/PID/io` */
export function parseProcessIo(text: string): ProcessIo | undefined {
  const value = (key: string) => Number(new RegExp(`^${key}: (\\d+)$`, 'm').exec(text)?.[1])
  const io = { readBytes: value('read_bytes'), writeBytes: value('write_bytes'), syscw: value('syscw') }
  return Number.isFinite(io.readBytes + io.writeBytes + io.syscw) ? io : undefined
}

/** `/proc/diskstats`: the 16th figure after a disk's name, flush requests completed, which Linux 5.5 and later count. */
export function parseDiskFlushes(text: string, disk: string): number | undefined {
  for (const line of text.split('\n')) {
    const [, , name, ...figures] = line.trim().split(/ +/)
    if (name === disk && figures.length >= 16) return Number(figures[15])
  }
  return undefined
}

export interface HostCpu {
  /** ns that all CPUs together did work for this host's processes and interrupts */
  readonly busyNs: number
  /** ns that the hypervisor gave to someone else while this host had work */
  readonly stealNs: number
  readonly idleNs: number
  /** threads on a CPU or waiting for one, at this instant */
  readonly runnable: number
}

/** `/proc/stat`. Guest time is within user's already; waiting for disks is idle time. */
export function parseHostCpu(text: string): HostCpu | undefined {
  const line = /^cpu +(.+)$/m.exec(text)
  const runnable = /^procs_running (\d+)$/m.exec(text)
  if (!line || !runnable) return undefined
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line[1]!
    .split(' ')
    .map(Number)
  return {
    busyNs: (user + nice + system + irq + softirq) * TICK_NS,
    stealNs: steal * TICK_NS,
    idleNs: (idle + iowait) * TICK_NS,
    runnable: Number(runnable[1]),
  }
}

/** `/proc/pressure/cpu`: ns since boot during which at least one thread waited for a CPU. */
export function parsePressureNs(text: string): number | undefined {
  const match = /^some .*total=(\d+)$/m.exec(text)
  return match ? Number(match[1]) * 1000 : undefined
}

/** cgroup v2's `cpu.max`, `200000 100000`: the cores this process may use; `undefined` for `max`. */
export function parseCpuLimitCores(text: string): number | undefined {
  const match = /^(\d+) (\d+)$/.exec(text.trim())
  return match ? Number(match[1]) / Number(match[2]) : undefined
}

/** `/proc/PID/limits`: how many files the process may have open now; `Infinity` where there is no limit. */
export function parseMostOpenFiles(text: string): number | undefined {
  const soft = /^Max open files\s+(\S+)/m.exec(text)?.[1]
  return soft === undefined ? undefined : soft === 'unlimited' ? Infinity : Number(soft)
}

/** `/proc/PID/status` */
export function parseParent(text: string): number | undefined {
  const pid = /^PPid:\s+(\d+)$/m.exec(text)?.[1]
  return pid === undefined ? undefined : Number(pid)
}
