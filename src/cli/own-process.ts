import { readFileSync } from 'node:fs'

/** Whether a process is there that was begun with this word: a number alone may be another's by now. */
export function isProcess(pid: number, word: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').includes(word)
  } catch {
    return false
  }
}
