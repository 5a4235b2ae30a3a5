/** Before a start, for who is to begin in time. */
const QUIET_NS = 150e6
/** After it. */
export const GRACE_MS = 20

/** What can wait does not delay a start that is near. @returns how long it waits, ms; 0 where none is */
export function waitForStart(startNs: number, nowNs: number): number {
  const untilNs = startNs - nowNs
  return untilNs > 0 && untilNs < QUIET_NS ? untilNs / 1e6 + GRACE_MS : 0
}
