import { AT_LEAST } from './columns.js'
import type { Series } from './page-data.js'

/**
 * Spans of `bin` points become two each: the smallest and the largest value of every column, in the order in which they
 * came, to four significant digits; whether they are lower bounds goes with them. Every peak and every dip stays; only when in the span it was is lost.
 */
export function decimated(series: Series, bin: number): Series {
  if (bin <= 1) return series
  const { times } = series
  const spans = Array.from({ length: Math.ceil(times.length / bin) }, (_, i) => [
    i * bin,
    Math.min(times.length, (i + 1) * bin),
  ])
  return {
    times: spans.flatMap(([from, to]) => (to - from === 1 ? [times[from]] : [times[from], times[to - 1]])),
    columns: Object.fromEntries(
      Object.entries(series.columns).map(([name, column]) => {
        const deciding = name.endsWith(AT_LEAST) ? series.columns[name.slice(0, -AT_LEAST.length)] : column
        return [
          name,
          spans.flatMap(([from, to]) => extremes(deciding.slice(from, to)).map(i => rounded(column[from + i]))),
        ]
      }),
    ),
  }
}

/** Where the smallest and the largest are, in the order in which they came. */
function extremes(values: readonly (number | null)[]): number[] {
  if (values.length === 1) return [0]
  let least = -1
  let greatest = -1
  for (const [i, value] of values.entries()) {
    if (value === null) continue
    if (least < 0 || value < values[least]!) least = i
    if (greatest < 0 || value > values[greatest]!) greatest = i
  }
  if (least < 0) return [0, 0]
  return least <= greatest ? [least, greatest] : [greatest, least]
}

function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(4))
}
