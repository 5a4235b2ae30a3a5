import { formatCount } from '../core/units.js'
import type { Estimate } from '../limits/estimate.js'
import { MOST_CONNECTIONS, SPARE_WORKERS, streamsByWorkers } from '../limits/workers.js'
import { DEADLY_CONNECTIONS } from '../masters/model/settings.js'
import type { PlanEvent, PlanState } from '../metrics/site-plan-result.js'
import {
  asCreates,
  changesOf,
  listsWithin,
  perSecondOf,
  roomLeft,
  roomOf,
  waitingAfter,
  waitingText,
} from './changes.js'
import { ms, perSecond } from './plan-words.js'
import type { Site } from './schema.js'
import { settingsOf } from './states.js'

type Possibility = PlanEvent['timeOuts']

/** What comes of numbers, not of restarts: changes, workers, connections, descriptors. */
export function capacityEvents(site: Site, state: PlanState, listMs: Estimate, createMs: Estimate): PlanEvent[] {
  return [
    ...massCreation(site, state, listMs, createMs),
    workerCliff(site, state, listMs),
    connections(site, state, listMs),
    descriptors(site, state),
  ]
}

function massCreation(site: Site, state: PlanState, listMs: Estimate, createMs: Estimate): PlanEvent[] {
  const changes = changesOf(site, state)
  if (changes === undefined || perSecondOf(changes) === 0) return []
  const creates = asCreates(changes)
  const share = { likely: (creates.likely * createMs.likely) / 1e3, high: (creates.high * createMs.high) / 1e3 }
  const room = roomOf(site, state)
  const waiting = waitingAfter(listMs.high, site, state)!
  const left = roomLeft(waiting, room)
  // Those that wait for the lock are what its slaves' NOOPs wait behind; a list is another matter, and ends.
  const thrash: Possibility = share.high < 1 ? 'cannot' : 'can'
  const others = changes.others === 0 ? '' : `, other changes at ${perSecond(changes.others)}`
  const held =
    site.operations.connection === 'kept'
      ? 'they keep their connections, and no workers'
      : `when a list ends ${waitingText(waiting, room)}`
  return [
    {
      kind: 'massCreation',
      state: state.name,
      title: `mailboxes are created at ${perSecond(changes.creates)}${others}`,
      restarted: null,
      timeOuts: left < 0 ? 'can' : thrash,
      thrash,
      margin: Math.min(1 - share.high, left),
      arithmetic: `${perSecond(creates.likely)} × ${ms(createMs.likely)} with the lock = ${(100 * share.likely).toPrecision(2)} % of its time; ${held}`,
      users: `a create waits for the lists before it, ${ms(listMs.likely)} each`,
    },
  ]
}

/** `; changes that wait for 4 lists, one after the other, take all workers that are left` */
function listsText(lists: number, what: string): string {
  if (lists === Infinity) return ''
  return lists === 0
    ? `; while one list is on its way more changes come than ${what} are left`
    : `; changes that wait for ${lists + 1} lists, one after the other, take all ${what} that are left`
}

function workerCliff(site: Site, state: PlanState, listMs: Estimate): PlanEvent {
  const { name, slaves } = state
  const { workersMax } = settingsOf(site)
  const { low, high } = streamsByWorkers(workersMax)
  const room = roomOf(site, state)
  const waiting = Math.ceil(waitingAfter(listMs.high, site, state) ?? 0)
  const thrash: Possibility = slaves + SPARE_WORKERS <= workersMax ? 'cannot' : slaves > high ? 'must' : 'can'
  return {
    kind: 'workerCliff',
    state: name,
    title: 'the master has no worker left',
    restarted: null,
    timeOuts: thrash === 'cannot' && waiting > room.workers ? 'can' : thrash,
    thrash,
    margin: 1 - (slaves + Math.max(SPARE_WORKERS, waiting + 1)) / workersMax,
    arithmetic: `each of ${slaves} streams keeps a worker, ${SPARE_WORKERS} for everybody else, of ${workersMax} (mupdate_workers_max); from ${low + 1} streams on nobody is heard${listsText(listsWithin(room.workers, listMs.high, site, state), 'workers')}`,
    users:
      'no new connection is greeted and no NOOP is answered until a slave leaves: creates hang, frontends time out',
  }
}

function connections(site: Site, state: PlanState, listMs: Estimate): PlanEvent {
  const { name, slaves } = state
  const { connectionsMax } = settingsOf(site)
  const room = roomOf(site, state)
  const others = Math.max(SPARE_WORKERS, Math.ceil(waitingAfter(listMs.high, site, state) ?? 0))
  const possibility: Possibility =
    slaves + others <= connectionsMax ? 'cannot' : slaves > connectionsMax ? 'must' : 'can'
  return {
    kind: 'connections',
    state: name,
    title: 'the master refuses connections',
    restarted: null,
    timeOuts: possibility,
    thrash: 'cannot',
    margin: 1 - (slaves + others) / connectionsMax,
    arithmetic: `${slaves} slaves and ${others} others, of ${connectionsMax} (mupdate_connections_max)${listsText(listsWithin(room.connections, listMs.high, site, state), 'connections')}`,
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
