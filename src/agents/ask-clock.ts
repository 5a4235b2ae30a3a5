import { type ClockOffset, clockOffset, type RoundTrip } from './clock-offset.js'
import type { ClockReading } from './protocol.js'

/** The shortest of so many round trips tells of a clock. */
const ROUND_TRIPS = 32

/** @param ownBootId of the kernel that runs here: who has the same one has the same clock */
export async function askClock(ask: () => Promise<ClockReading>, ownBootId: string): Promise<ClockOffset> {
  const trips: RoundTrip[] = []
  while (trips.length < ROUND_TRIPS) {
    const askedNs = Number(process.hrtime.bigint())
    const { ns, bootId } = await ask()
    if (bootId === ownBootId) return { ns: 0, errorNs: 0 }
    trips.push({ askedNs, saidNs: ns, heardNs: Number(process.hrtime.bigint()) })
  }
  return clockOffset(trips)
}
