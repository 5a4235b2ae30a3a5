import type { NatsConnection } from '@nats-io/transport-node'
import { allProbes, isBeside, type Watched } from '../agents/find-probe.js'
import type { ProbeHello } from '../agents/probe-protocol.js'
import type { MasterAddress } from '../core/address.js'
import { HarnessError } from '../core/errors.js'
import { packageVersion } from '../core/package-root.js'
import { bootId } from '../samplers/host.js'
import { addressesOf, THIS_HOST } from './own-addresses.js'

export interface ProbeWish {
  /** The only one that will do; whichever is beside the master when absent. */
  readonly name: string | undefined
  readonly address: MasterAddress
  readonly warn: (line: string) => void
}

/**
 * The probe that watches the master's process.
 *
 * @returns undefined where none does and none was asked for by its name: that is said
 * @throws {HarnessError} `AGENTS` where the one that was named is not there, or of no use
 */
export async function findProbe(nats: NatsConnection, wish: ProbeWish): Promise<ProbeHello | undefined> {
  const { name, address, warn } = wish
  const probes = await allProbes(nats)
  const where = `${address.host}:${address.port}`
  if (name !== undefined) {
    const named = probes.filter(probe => probe.name === name)
    const chosen = named.find(isOfUse) ?? named[0]
    if (chosen === undefined) throw refusal(`probe ${name} is not there${others(probes)}`)
    const trouble = troubleWith(chosen)
    if (trouble !== undefined) throw refusal(trouble)
    return chosen
  }
  const watched = await watchedAt(address)
  const beside = probes.filter(probe => isBeside(probe, watched))
  const chosen = beside.find(isOfUse)
  const trouble = beside.length === 0 ? `no probe is beside ${where}${others(probes)}` : troubleWith(beside[0]!)
  if (chosen === undefined) warn(`${trouble}: the CPU of the master is not measured`)
  return chosen
}

function isOfUse(probe: ProbeHello): boolean {
  return troubleWith(probe) === undefined
}

function troubleWith({ name, host, version, pid, port }: ProbeHello): string | undefined {
  const who = `probe ${name} on ${host}`
  if (version !== packageVersion()) return `${who} is version ${version}, not ${packageVersion()}`
  return pid === null ? `${who} finds no process on port ${port}` : undefined
}

function others(probes: readonly ProbeHello[]): string {
  if (probes.length === 0) return ''
  return `; there are ${probes.map(({ name, addresses, port }) => `${name} (${addresses[0] ?? `port ${port}`})`).join(', ')}`
}

function refusal(message: string): HarnessError {
  return new HarnessError('AGENTS', message, 'on the master’s host: mupdate-bench probe --nats URL')
}

async function watchedAt({ host, port }: MasterAddress): Promise<Watched> {
  const names = await addressesOf(host)
  return { port, names, bootId: names.includes(THIS_HOST) ? bootId() : undefined }
}
