import { readlinkSync } from 'node:fs'
import { listProc, readProc } from './read-proc.js'
import { LISTENING, readTcpRows } from './tcp-table.js'

export interface HostProcess {
  readonly pid: number
  /** As the kernel has it, at most 15 signs. */
  readonly program: string
}

/** Processes that hold a socket which listens on the port, as far as their descriptors may be looked into. */
export function listenersOn(port: number): HostProcess[] {
  const listening = readTcpRows()?.filter(({ localPort, state }) => localPort === port && state === LISTENING) ?? []
  const sockets = new Set(listening.map(({ inode }) => `socket:[${inode}]`))
  if (sockets.size === 0) return []
  return processes().filter(({ pid }) => socketsOf(pid).some(link => sockets.has(link)))
}

/** All of a name, whoever's they are. */
export function processesCalled(name: string): HostProcess[] {
  return processes().filter(({ program }) => program === name)
}

export function argumentsOf(pid: number): string[] {
  return (readProc(`/proc/${pid}/cmdline`) ?? '').split('\0').slice(0, -1)
}

function processes(): HostProcess[] {
  return (listProc('/proc') ?? [])
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      const program = readProc(`/proc/${name}/comm`)?.trim()
      return program === undefined ? [] : [{ pid: Number(name), program }]
    })
}

function socketsOf(pid: number): string[] {
  return (listProc(`/proc/${pid}/fd`) ?? []).flatMap(descriptor => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${descriptor}`)]
    } catch {
      // Closed meanwhile, or somebody else's.
      return []
    }
  })
}
