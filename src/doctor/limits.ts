import { formatCount } from '../core/units.js'
import { connectionsFor, MOST_CONNECTIONS, SPARE_WORKERS, streamsByWorkers, workersFor } from '../limits/workers.js'
import type { DoctorFacts, LocalMaster } from '../metrics/doctor-result.js'
import { OWN_DESCRIPTORS } from '../site/plan-limits.js'
import { type Check, notMeasured, ok, warning } from './check.js'

/** On the master's host; `plan init` makes a site's file of what is there. */
const ASK_THERE =
  'on its host: grep mupdate_ /etc/imapd.conf; ls /proc/$(pidof mupdate)/task | wc -l; grep files /proc/$(pidof mupdate)/limits; or run this there; plan init --master IMAPD.CONF reckons with it'

/** What the master's process, its settings and its database leave room for. */
export function limitChecks({ local, target }: DoctorFacts): Check[] {
  if (target.kind === 'embedded') return [ok('workers', 'the embedded master has none to run out of')]
  if (target.kind === 'model')
    return [ok('workers', 'those of its calibration’s settings: --set master.settings… of run')]
  if (local === null)
    return [
      notMeasured(
        'process',
        target.isHere ? 'no process was found that listens there' : 'the master is on another host',
        target.isHere ? `run it as root, or as the master’s user; ${ASK_THERE}` : ASK_THERE,
      ),
    ]
  if (local.program !== 'mupdate') return [process(local)]
  return [process(local), workers(local), connections(local), descriptors(local), database(local)]
}

function process({ program, pid, isAssumed, threads, connections }: LocalMaster): Check {
  const parts = [
    `${program}, pid ${pid}${isAssumed ? ' (its cyrus.conf has that port)' : ''}`,
    ...(threads === null ? [] : [`${formatCount(threads)} threads`]),
    ...(connections === null ? [] : [`${formatCount(connections)} connections`]),
  ]
  return ok('process', parts.join(', '))
}

function unread(name: string, { settings }: LocalMaster): Check {
  return notMeasured(name, settings.unread ?? 'not known', 'run it as root, or as the master’s user')
}

/** Each streaming slave keeps a worker for good (imap/mupdate.c, update_wait). */
function workers(local: LocalMaster): Check {
  const { workersMax } = local.settings
  if (workersMax === null) return unread('workers', local)
  const { low } = streamsByWorkers(workersMax.value)
  const said = `mupdate_workers_max ${workersMax.value} (${workersMax.from}): ${formatCount(low)} slaves at most, each keeps one`
  const used = local.connections ?? 0
  if (used + SPARE_WORKERS <= workersMax.value) return ok('workers', said)
  return warning(
    'workers',
    `${said}; there are ${formatCount(used)} connections now: if those are slaves, few workers are left for logins and creates`,
    `mupdate_workers_max: ${workersFor(used)} or more`,
  )
}

function connections(local: LocalMaster): Check {
  const { connectionsMax } = local.settings
  if (connectionsMax === null) return unread('connections', local)
  const { value, from } = connectionsMax
  const said = `mupdate_connections_max ${value} (${from})`
  if (value > MOST_CONNECTIONS)
    return warning(
      'connections',
      `${said}: mupdate dies at about 1,010 connections, whatever its settings`,
      `mupdate_connections_max: ${MOST_CONNECTIONS} at most, so that it turns connections away before it dies of them`,
    )
  const used = local.connections
  if (used !== null && used >= value * 0.8)
    return warning(
      'connections',
      `${said}; ${formatCount(used)} are open: beyond it, BYE "Server Unable"`,
      `mupdate_connections_max: ${connectionsFor(used)} or more`,
    )
  return ok('connections', `${said}; beyond it, BYE "Server Unable"`)
}

function descriptors(local: LocalMaster): Check {
  const { maxDescriptors, descriptors, settings } = local
  if (maxDescriptors === null) return notMeasured('descriptors', 'its limits may not be read', ASK_THERE)
  const open = descriptors === null ? '' : `, ${formatCount(descriptors)} open`
  const said = `${formatCount(maxDescriptors)} at most${open}`
  const needed = (settings.connectionsMax?.value ?? 0) + OWN_DESCRIPTORS
  if (maxDescriptors >= needed) return ok('descriptors', said)
  return warning(
    'descriptors',
    `${said}: fewer than its mupdate_connections_max and what it needs itself`,
    `maxfds=${needed} or more for the service in the master’s cyrus.conf`,
  )
}

function database({ database }: LocalMaster): Check {
  if (database === null)
    return notMeasured('database', 'where it lies may not be read', 'run it as root, or as the master’s user')
  const { type, directory, place } = database
  const said = `${type ?? 'mailboxes.db of the version’s own type'} on ${place} (${directory})`
  return ok('database', place === 'tmpfs' ? `${said}: gone after a reboot` : `${said}: creates wait for its fsync`)
}
