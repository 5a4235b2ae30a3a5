import { setImmediate } from 'node:timers/promises'
import { HarnessError } from '../core/errors.js'
import { listedSite } from '../engine/listed-site.js'
import { loadHistograms } from '../metrics/latency.js'
import type { RunResult } from '../metrics/run-result.js'
import type { EventLine } from '../metrics/second-line.js'
import type { Calibration } from '../masters/model/calibration.js'
import type { Broken } from '../masters/model/settings.js'
import type { Profile } from '../profile/load.js'
import { planOf } from '../profile/plan.js'
import { type MasterFacts, virtualEventJson } from '../report/run-json.js'
import { secondLine, slaveLines } from '../report/series.js'
import { RunFolder } from '../report/run-folder.js'
import { Simulation, type SimulationPoint } from '../simulation/simulation.js'
import { finalResult } from './final-result.js'
import { folderOf, newIdentity } from './identity.js'
import { modelledSettings } from './modelled-settings.js'

export interface SimulateOptions {
  readonly profile: Profile
  readonly calibration: Calibration
  /** For tests of those who must notice. */
  readonly broken?: Broken
  /** Undefined writes nothing. */
  readonly out?: string
  /** Ends it where it is, with the results so far. */
  readonly signal?: AbortSignal
  /** Called now and then, with what part of the plan's time has gone by. */
  readonly onProgress?: (point: SimulationPoint, simulation: Simulation) => void
}

export interface SimulateOutcome {
  readonly result: RunResult
  readonly folder: string | undefined
}

/** One run in virtual time, and its results as a real run's. */
export async function simulateProfile(options: SimulateOptions): Promise<SimulateOutcome> {
  const { profile, calibration, out } = options
  const settings = modelledSettings(profile.master.settings)
  await loadHistograms()
  const plan = planOf(profile, '')
  if (plan.phases.some(({ step }) => step !== undefined))
    throw new HarnessError('USAGE', 'steps are not simulated', 'run it, on --master embedded:cyrus or cyrus')
  const identity = newIdentity(profile)
  const master: MasterFacts = {
    kind: 'simulated',
    describe: () => ({
      version: `model of ${calibration.master.kind} ${calibration.master.version}, calibrated ${calibration.madeAt}`,
      mailboxDatabase: calibration.master.mailboxDatabase,
      settings,
      binaries: {},
    }),
  }
  const path = out === undefined ? undefined : folderOf(out, identity)
  const folder = path === undefined ? undefined : new RunFolder(path, identity.startedAt, profile.yaml)
  const events: EventLine[] = []
  const simulation = new Simulation({
    plan: { ...plan, site: await listedSite(plan.site) },
    calibration,
    settings,
    ...(options.broken === undefined ? {} : { broken: options.broken }),
    onEvent: event => {
      if (folder !== undefined) events.push(virtualEventJson(simulation, event))
    },
    async onPoint(point) {
      if (folder !== undefined) write(folder, simulation, point)
      folder?.addEvents(events.splice(0))
      options.onProgress?.(point, simulation)
      // Signals come in between.
      await setImmediate()
      if (options.signal?.aborted === true) simulation.interrupt()
    },
  })
  try {
    await simulation.execute()
    const result = finalResult(identity, simulation, master, profile, undefined)
    folder?.addEvents(events)
    folder?.writeRun(result)
    if (folder?.failure !== undefined) throw folder.failure
    return { result, folder: path }
  } finally {
    simulation.destroy()
    folder?.close()
  }
}

function write(folder: RunFolder, simulation: Simulation, point: SimulationPoint): void {
  const startS = (point.atNs - point.spanNs - simulation.startNs) / 1e9
  for (const delta of point.deltas)
    folder.addDelta(simulation.phases[delta.phase]?.plan.name ?? '?', delta, startS, point.spanNs / 1e9)
  folder.addSlaveMoves(slaveLines(simulation, point.moves))
  folder.addSecond(secondLine(simulation, point))
}
