export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Sum of the squared distances from their mean. */
export function squares(values: readonly number[]): number {
  const center = mean(values)
  return values.reduce((sum, value) => sum + (value - center) ** 2, 0)
}

/** Standard deviation of what the values are a sample of: two or more. */
export function deviation(values: readonly number[]): number {
  return Math.sqrt(squares(values) / (values.length - 1))
}
