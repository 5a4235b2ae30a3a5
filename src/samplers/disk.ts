import { existsSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { parseDiskFlushes } from './proc.js'
import { readProc } from './read-proc.js'

/**
 * Counts what reaches the disk under a directory as "flush": an fsync or fdatasync makes one, if the disk has a cache.
 * It is the disk's count, whoever asked; mupdate alone asks for three with each ACTIVATE, so on a quiet host it is its.
 */
export class DiskFlushCounter {
  readonly #disk: string | undefined
  readonly #first: number | undefined

  /** @param directory where the database lies */
  constructor(
    directory: string,
    private readonly procDir = '/proc',
  ) {
    this.#disk = diskUnder(directory)
    this.#first = this.#now()
  }

  /** @returns flushes since it was made; `undefined` where nobody counts: tmpfs, overlays, network file systems */
  count(): number | undefined {
    const now = this.#now()
    return now === undefined || this.#first === undefined ? undefined : now - this.#first
  }

  #now(): number | undefined {
    return this.#disk === undefined
      ? undefined
      : parseDiskFlushes(readProc(`${this.procDir}/diskstats`) ?? '', this.#disk)
  }
}

/** The name of the whole disk: the kernel counts no flushes for partitions. */
function diskUnder(directory: string): string | undefined {
  try {
    const { dev } = statSync(directory)
    const device = realpathSync(`/sys/dev/block/${major(dev)}:${minor(dev)}`)
    return basename(existsSync(`${device}/partition`) ? dirname(device) : device)
  } catch {
    return undefined
  }
}

/** glibc's gnu_dev_major and gnu_dev_minor, for the numbers that fit into 32 bits. */
function major(dev: number): number {
  return (dev >>> 8) & 0xfff
}

function minor(dev: number): number {
  return (dev & 0xff) | ((dev >>> 12) & 0xfff00)
}
