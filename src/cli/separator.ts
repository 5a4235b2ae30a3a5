/** Between the two sets of `compare`. Commander takes it for the end of its options, and takes it away. */
const SEPARATOR = '--'
export const KEPT_SEPARATOR = ':'

/**
 * What `main` gives commander in place of the arguments as they came: options may stand after the runs of B too. Each is
 * kept, so that a third set is seen.
 */
export function keepSeparator(argv: readonly string[]): string[] {
  const isKept = argv[2] === 'compare'
  return argv.map(argument => (isKept && argument === SEPARATOR ? KEPT_SEPARATOR : argument))
}
