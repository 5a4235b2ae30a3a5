/** A time of the results. */
export function iso(atMs: number): string {
  return new Date(atMs).toISOString()
}
