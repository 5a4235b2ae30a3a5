/**
 * Least squares by the normal equations, of relative errors: a point of 20 ms counts as much as one of 2 s.
 *
 * @param rows for each point, its regressors
 * @param values for each point, what was measured, above 0
 * @returns a coefficient for each regressor; undefined where the points do not determine them
 */
export function relativeLeastSquares(
  rows: readonly (readonly number[])[],
  values: readonly number[],
): number[] | undefined {
  const count = rows[0]?.length ?? 0
  const weighted = rows.map((row, i) => row.map(x => x / values[i]!))
  // Regressors of one size each: mailboxes by the million beside a 1 would leave nothing of the 1.
  const scales = Array.from({ length: count }, (_, j) => Math.max(...weighted.map(row => Math.abs(row[j]!))) || 1)
  const scaled = weighted.map(row => row.map((x, j) => x / scales[j]!))
  const matrix = Array.from({ length: count }, (_, j) => [
    ...Array.from({ length: count }, (_, k) => sum(scaled.map(row => row[j]! * row[k]!))),
    sum(scaled.map(row => row[j]!)),
  ])
  return eliminated(matrix)?.map((coefficient, j) => coefficient / scales[j]!)
}

/** Smaller pivots, beside the largest, are rounding errors. */
const SINGULAR = 1e-12

/** Gauss and Jordan, with pivots. @param matrix the right side is its last column */
function eliminated(matrix: number[][]): number[] | undefined {
  const size = matrix.length
  const largest = Math.max(...matrix.flatMap(row => row.slice(0, size).map(Math.abs)))
  for (let column = 0; column < size; column++) {
    const pivot = matrix
      .slice(column)
      .reduce((best, row) => (Math.abs(row[column]!) > Math.abs(best[column]!) ? row : best))
    if (Math.abs(pivot[column]!) <= largest * SINGULAR) return undefined
    const from = matrix.indexOf(pivot)
    ;[matrix[column], matrix[from]] = [pivot, matrix[column]!]
    for (const row of matrix) {
      if (row === pivot) continue
      const factor = row[column]! / pivot[column]!
      for (let k = column; k <= size; k++) row[k]! -= factor * pivot[k]!
    }
  }
  return matrix.map((row, i) => row[size]! / row[i]!)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
