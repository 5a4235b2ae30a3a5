import { InvalidArgumentError } from 'commander'

/** For options that may be given more than once. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value]
}

export function wholeNumber(text: string): number {
  const value = Number(text)
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('It is no whole number.')
  return value
}
