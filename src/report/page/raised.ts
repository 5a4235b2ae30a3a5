/** What is drawn of values that reach below a logarithmic axis, where a zero has no place at all: they lie on its bottom. */
export function raised(values: readonly (number | null)[], floor: number): (number | null)[] {
  // What is undefined stays it: no gap in a line, as null is.
  return values.map(value => (typeof value === 'number' && value < floor ? floor : value))
}
