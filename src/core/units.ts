import { HarnessError } from './errors.js'

const NS_PER: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9, d: 86_400e9 }

/**
 * Reads `20s`, `1.5ms`, `2m30s`.
 *
 * @returns nanoseconds
 * @throws {HarnessError} `USAGE` when it is not a duration
 */
export function parseDurationNs(text: string): number {
  const trimmed = text.trim()
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d))+$/.test(trimmed)) {
    throw new HarnessError(
      'USAGE',
      `"${text}" is not a duration`,
      'write a number with a unit, such as 500ms, 20s, 2m30s',
    )
  }
  let total = 0
  for (const [, number, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/g)) {
    total += Number(number) * NS_PER[unit!]!
  }
  return Math.round(total)
}

/** Three significant digits and the unit people would pick: 23.1 µs, 1.20 ms, 4.5 s, 2 min 5 s, 3 h 20 min. */
export function formatDurationUs(us: number): string {
  if (us < 1000) return `${significant(us)} µs`
  if (us < 1e6) return `${significant(us / 1e3)} ms`
  if (us < 60e6) return `${significant(us / 1e6)} s`
  const seconds = Math.round(us / 1e6)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : significant(value)} ${units[unit]}`
}

function significant(value: number): string {
  if (value === 0) return '0'
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** @returns 0.1 for `10%`; undefined where it is no share */
export function parsePercent(text: string): number | undefined {
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? []
  return percent === undefined ? undefined : Number(percent) / 100
}
