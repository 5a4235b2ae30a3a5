import { closeSync, openSync, readdirSync, readSync } from 'node:fs'

/** Room for the largest file read here: `/proc/stat` has a line a CPU and a figure an interrupt. */
const buffer = Buffer.allocUnsafe(262_144)

/**
 * Text of a small file of `/proc`, read at once: `readFileSync` needs twice the time, which counts with a thousand
 * threads to look at.
 *
 * @returns `undefined` when it is not there or may not be read: processes end between two looks
 */
export function readProc(path: string): string | undefined {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch {
    return undefined
  }
  try {
    return buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, buffer.length, 0))
  } catch {
    return undefined
  } finally {
    closeSync(descriptor)
  }
}

/** Names in a directory of `/proc`; `undefined` when it is not there or may not be read. */
export function listProc(path: string): string[] | undefined {
  try {
    return readdirSync(path)
  } catch {
    return undefined
  }
}
