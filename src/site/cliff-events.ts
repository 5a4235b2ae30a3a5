import { formatCount } from '../core/units.js'
import type { Estimate } from '../limits/estimate.js'
import { MOST_CONNECTIONS, SPARE_WORKERS, streamsByWorkers } from '../limits/workers.js'
import { DEADLY_CONNECTIONS } from '../masters/model/settings.js'
import type { PlanEvent, PlanState } from '../metrics/site-plan-result.js'
import { ms, perSecond } from './plan-words.js'
import type { Site } from './schema.js'
import { settingsOf } from './states.js'

type Possibility = PlanEvent['timeOuts']

/** What comes of numbers, not of restarts: creates, workers, connections, descriptors. */
export function capacityEvents(site: Site, state: PlanState, listMs: Estimate, createMs: Estimate): PlanEvent[] {
  return [
    ...massCreation(site, state, listMs, createMs),
    workerCliff(site, state),
    connections(site, state),
    descriptors(site, state),
  ]
}

function massCreation(site: Site, state: PlanState, listMs: Estimate, createMs: Estimate): PlanEvent[] {
  const rate = state.createsPerSecond
  if (rate === null || rate === 0) return []
  const share = { likely: (rate * createMs.likely) / 1e3, high: (rate * createMs.high) / 1e3 }
  // Those that wait for the lock are what its slaves' NOOPs wait behind; a list is another matter.
  const timeOuts: Possibility = share.high < 1 ? 'cannot' : 'can'
  const free = Math.max(0, settingsOf(site).workersMax - 1 - state.slaves)
  const waiting = (rate * listMs.likely) / 1e3
  const creates = waiting < 1.5 ? '1 create waits' : `${formatCount(waiting)} creates wait`
  const held =
    site.operations.connection === 'kept'
      ? 'they keep their connections, and no workers'
      : waiting > free
        ? `${creates} for one list, each with a worker, and ${free} are free: nobody else is greeted until it ends`
        : `${creates} for one list, each with a worker, of ${free} that are free`
  return [
    {
      kind: 'massCreation',
      state: state.name,
      title: `mailboxes are created at ${perSecond(rate)}`,
      restarted: null,
      timeOuts,
      thrash: timeOuts,
      margin: 1 - share.high,
      arithmetic: `${perSecond(rate)} × ${ms(createMs.likely)} with the lock = ${(100 * share.likely).toPrecision(2)} % of its time; ${held}`,
      users: `a create waits for the lists before it, ${ms(listMs.likely)} each`,
    },
  ]
}

function workerCliff(site: Site, { name: state, slaves }: PlanState): PlanEvent {
  const { workersMax } = settingsOf(site)
  const { low, high } = streamsByWorkers(workersMax)
  const possibility: Possibility = slaves + SPARE_WORKERS <= workersMax ? 'cannot' : slaves > high ? 'must' : 'can'
  return {
    kind: 'workerCliff',
    state,
    title: 'the master has no worker left',
    restarted: null,
    timeOuts: possibility,
    thrash: possibility,
    margin: 1 - (slaves + SPARE_WORKERS) / workersMax,
    arithmetic: `each of ${slaves} streams keeps a worker, ${SPARE_WORKERS} for everybody else, of ${workersMax} (mupdate_workers_max); from ${low + 1} streams on nobody is heard`,
    users:
      'no new connection is greeted and no NOOP is answered until a slave leaves: creates hang, frontends time out',
  }
}

function connections(site: Site, { name: state, slaves }: PlanState): PlanEvent {
  const { connectionsMax } = settingsOf(site)
  const possibility: Possibility =
    slaves + SPARE_WORKERS <= connectionsMax ? 'cannot' : slaves > connectionsMax ? 'must' : 'can'
  return {
    kind: 'connections',
    state,
    title: 'the master refuses connections',
    restarted: null,
    timeOuts: possibility,
    thrash: 'cannot',
    margin: 1 - (slaves + SPARE_WORKERS) / connectionsMax,
    arithmetic: `${slaves} slaves and ${SPARE_WORKERS} others, of ${connectionsMax} (mupdate_connections_max)`,
    users: '* BYE "Server Unable": creates fail, and a frontend that comes back is turned away',
  }
}

function descriptors(site: Site, { name: state, slaves }: PlanState): PlanEvent {
  const { connectionsMax } = settingsOf(site)
  const possibility: Possibility =
    connectionsMax <= MOST_CONNECTIONS ? 'cannot' : slaves >= DEADLY_CONNECTIONS ? 'must' : 'can'
  const bound =
    connectionsMax <= MOST_CONNECTIONS
      ? `mupdate_connections_max ${connectionsMax} turns clients away before`
      : `mupdate_connections_max ${connectionsMax} lets them come to it`
  return {
    kind: 'descriptors',
    state,
    title: 'the master dies of too many connections',
    restarted: null,
    timeOuts: possibility,
    thrash: possibility,
    margin: 1 - connectionsMax / DEADLY_CONNECTIONS,
    arithmetic: `it dies at about ${formatCount(DEADLY_CONNECTIONS)} (lib/signals.c, nfds < FD_SETSIZE); ${bound}`,
    users:
      'all frontends lose it at once and fetch the list again; Cyrus’s master gives the service up after 5 quick deaths',
  }
}
