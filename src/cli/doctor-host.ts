import type { DoctorFacts } from '../metrics/doctor-result.js'
import { describeHost } from '../samplers/host.js'
import { localPorts, localPortsTowards } from '../samplers/local-ports.js'
import { listProc } from '../samplers/read-proc.js'
import { mostOpenFiles } from './local-master.js'

/** @param port the master's */
export function hostFacts(port: number): DoctorFacts['host'] {
  const { cores, cpuLimitCores } = describeHost()
  return {
    descriptors: listProc('/proc/self/fd')?.length ?? null,
    maxDescriptors: mostOpenFiles('self'),
    cpus: cores,
    cpuLimitCores: cpuLimitCores ?? null,
    ports: localPorts() ?? null,
    portsUsed: localPortsTowards(port) ?? null,
  }
}
