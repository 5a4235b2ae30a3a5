const BARS = '▁▂▃▄▅▆▇█'

/**
 * The last values that fit, one column each, drawn from 0 to the greatest of them; a blank where nothing was measured.
 *
 * @param least what full height stands for at the least, so that noise does not look like a mountain
 */
export function sparkline(values: readonly (number | undefined)[], columns: number, least = 0): string {
  const shown = columns > 0 ? values.slice(-columns) : []
  const top = shown.reduce<number>((most, value) => Math.max(most, value ?? 0), least)
  return shown
    .map(value => {
      if (value === undefined) return ' '
      const step = top > 0 ? Math.ceil((value / top) * BARS.length) - 1 : 0
      return BARS[Math.min(Math.max(step, 0), BARS.length - 1)]
    })
    .join('')
}

/** How much of something is done. @param share clamped to 0…1 */
export function bar(share: number, columns: number): string {
  const full = Math.round(Math.min(Math.max(share, 0), 1) * columns)
  return '█'.repeat(full) + '░'.repeat(Math.max(0, columns - full))
}
