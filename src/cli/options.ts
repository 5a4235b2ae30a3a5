import { InvalidArgumentError } from 'commander'

/** For options that may be given more than once. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value]
}

/** `--allow-plaintext` for `allowPlaintext`. */
export function flagWord(name: string): string {
  return `--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
}

/** Of {@link WORKERS}. */
export function workersFrom(text: string): number {
  const workers = wholeNumber(text)
  if (workers < 1 || workers > MOST_WORKERS) throw new InvalidArgumentError(`Give 1 to ${MOST_WORKERS}.`)
  return workers
}

/** Threads that nobody’s host has CPUs for. */
const MOST_WORKERS = 256
export const WORKERS = [
  '--workers <n>',
  'threads that slaves are dealt out to (one for each 50, and no more than all CPUs but one)',
] as const

export function wholeNumber(text: string): number {
  const value = Number(text)
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('It is no whole number.')
  return value
}
