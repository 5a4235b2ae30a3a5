import { formatBytes, formatCount, formatDurationUs } from '../../core/units.js'

export type Unit = 'us' | 'perSecond' | 'cores' | 'bytes' | 'share' | 'count'

/** A value as people read it; a dash where there is none. */
export function formatValue(unit: Unit, value: number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  switch (unit) {
    case 'us':
      return formatDurationUs(value)
    case 'bytes':
      return formatBytes(value)
    case 'perSecond':
      return `${value >= 100 ? formatCount(value) : short(value)}/s`
    case 'cores':
      return short(value)
    case 'share':
      return `${short(value * 100)} %`
    case 'count':
      return formatCount(value)
  }
}

/** On an axis, where all share the unit that the title names: round values only. */
export function formatTick(unit: Unit, value: number): string {
  if (unit === 'us') return durationTick(value)
  if (unit === 'bytes') return formatBytes(value).replace(/\.0+(?= )/, '')
  if (unit === 'share') return `${short(value * 100)} %`
  return value >= 1000 ? formatCount(value) : short(value)
}

function durationTick(us: number): string {
  if (us < 1e3) return `${short(us)} µs`
  return us < 1e6 ? `${short(us / 1e3)} ms` : `${formatCount(us / 1e6)} s`
}

/** 0:31, 12:05, 1:00:00; tenths of a second where `tenths` asks for them. */
export function formatClock(seconds: number, tenths = false): string {
  const sign = seconds < 0 ? '−' : ''
  const all = tenths ? Math.round(Math.abs(seconds) * 10) / 10 : Math.round(Math.abs(seconds))
  const hours = Math.floor(all / 3600)
  const minutes = Math.floor((all % 3600) / 60)
  const rest = tenths ? (all % 60).toFixed(1).padStart(4, '0') : String(Math.floor(all % 60)).padStart(2, '0')
  return hours > 0 ? `${sign}${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${sign}${minutes}:${rest}`
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)))
}
