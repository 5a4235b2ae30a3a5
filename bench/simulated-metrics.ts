/** What each simulated agent tells of in a second. */
export const METRICS = 10
export const SAMPLES = 1_000

export function simulatedMetric(index: number): string {
  return `SIMULATED.${index}`
}
