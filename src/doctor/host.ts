import { formatCount } from '../core/units.js'
import type { DoctorFacts } from '../metrics/doctor-result.js'
import { type Check, notMeasured, ok, warning } from './check.js'

/** Of the harness itself: files, worker threads, the results' folder; a generous guess. */
const OWN_DESCRIPTORS = 50
/** With fewer a swarm of slaves and a connection for each create are not to be had. */
const FEW = 1024
/** A master, its slaves and backends on one host want more than one. */
const FEW_CPUS = 2

/** Of this host, where the load would come from. */
export function hostChecks({ host, target }: DoctorFacts): Check[] {
  return [descriptors(host), ports(host), cpus(host, target.isHere)]
}

type Host = DoctorFacts['host']

/** Connections that may be open at one time: slaves, probes, backends. */
export function roomForConnections({ descriptors, maxDescriptors, ports, portsUsed }: Host): number {
  const byFiles = maxDescriptors === null ? Infinity : maxDescriptors - (descriptors ?? 0) - OWN_DESCRIPTORS
  const byPorts = ports === null ? Infinity : ports - (portsUsed ?? 0)
  return Math.max(0, Math.min(byFiles, byPorts))
}

function descriptors({ maxDescriptors }: Host): Check {
  if (maxDescriptors === null) return notMeasured('descriptors', 'there is no /proc/self/limits', 'ulimit -n says it')
  const said = `${formatCount(maxDescriptors)} for this process (ulimit -n)`
  return maxDescriptors >= FEW
    ? ok('descriptors', said)
    : warning('descriptors', said, `each slave and each backend’s connection takes one: ulimit -n ${FEW * 4}`)
}

function ports({ ports, portsUsed }: Host): Check {
  if (ports === null) return notMeasured('ports', 'no ip_local_port_range to be read', null)
  const used = portsUsed === null ? '' : `, ${formatCount(portsUsed)} of them in use towards the master`
  const said = `${formatCount(ports)} local ports${used}`
  if (ports - (portsUsed ?? 0) >= FEW) return ok('ports', said)
  return warning(
    'ports',
    said,
    'closed connections keep theirs for a minute: wait, use kept connections, or sysctl net.ipv4.ip_local_port_range="1024 65535"',
  )
}

function cpus({ cpus, cpuLimitCores }: Host, isShared: boolean): Check {
  const limit = cpuLimitCores === null ? '' : `, of which a limit leaves ${cpuLimitCores}`
  const said = `${formatCount(cpus)}${limit}`
  if (!isShared) return ok('CPUs', `${said}; the master has its own`)
  const shared = `${said}; the master has the same ones`
  if ((cpuLimitCores ?? cpus) > FEW_CPUS) return ok('CPUs', shared)
  return warning(
    'CPUs',
    shared,
    'good for seeing what breaks, not for how much a master holds: run the harness on another host for that',
  )
}
