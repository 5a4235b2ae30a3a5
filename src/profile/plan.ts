import type { Plan } from '../engine/plan.js'
import { arrivalSpec, type Profile } from './load.js'

/**
 * What a profile asks for, as the engine takes it.
 *
 * @param userPrefix marker put before every user's name; empty on masters that are ours alone
 */
export function planOf(profile: Profile, userPrefix: string): Plan {
  const { backends, slaves, probes, http } = profile
  return {
    seed: profile.seed,
    site: { ...profile.site, userPrefix },
    preload: profile.preload,
    backends: {
      connection: backends.connection,
      connectionsPerBackend: backends.connectionsPerBackend,
      inFlight: backends.inFlight,
    },
    mix: backends.mix,
    slaves: {
      count: slaves.count,
      retryDelayNs: slaves.retryDelay,
      staggerNs: slaves.start === 'staggered' ? slaves.staggerOver : 0,
    },
    probes: { ratePerSecond: probes.rate, plain: probes.plain, streaming: probes.streaming },
    ...(http === undefined ? {} : { http: { url: http.url, connections: http.connections, ratePerSecond: http.rate } }),
    phases: profile.phases.map(phase => ({
      name: phase.name,
      run: phase.run,
      ...(phase.duration === undefined ? {} : { durationNs: phase.duration }),
      ...(phase.until === undefined ? {} : { until: phase.until }),
      limitNs: phase.limit,
      arrivals: arrivalSpec(phase.arrivals ?? backends.arrivals, phase.duration ?? phase.limit),
    })),
  }
}
