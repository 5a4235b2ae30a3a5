/** Between the two sets of `compare`. Commander takes it for the end of its options, and takes it away. */
const SEPARATOR = '--'
export const KEPT_SEPARATOR = ':'

/** What `main` gives commander in place of the arguments as they came: options may stand after the runs of B too. */
export function keepSeparator(argv: readonly string[]): string[] {
  const at = argv[2] === 'compare' ? argv.indexOf(SEPARATOR) : -1
  return argv.map((argument, i) => (i === at ? KEPT_SEPARATOR : argument))
}
