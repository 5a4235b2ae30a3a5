import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { isLoopback, type MasterAddress } from '../core/address.js'

/** Stands for all addresses of this host, of which each reaches the same masters. */
export const THIS_HOST = 'this host'

/** Who listens there does so on all addresses of this host; who connects there is connected with this host. */
const WILDCARDS: readonly string[] = ['0.0.0.0', '::']

/** Its name, and what that stands for. */
export async function addressesOf(host: string): Promise<string[]> {
  const name = host.toLowerCase().replace(/\.$/, '')
  const found = await lookup(name, { all: true }).catch(() => [])
  const all = [name, ...found.map(({ address }) => address)]
  return all.some(isOwnAddress) ? [...all, THIS_HOST] : all
}

/**
 * Whether who connects to `to` may be connected with who listens at `listen`, or with whom one is that connects there;
 * another address with its port may be another's.
 */
export async function mayBeSame(listen: MasterAddress, to: MasterAddress): Promise<boolean> {
  if (listen.port !== to.port) return false
  const [own, others] = await Promise.all([addressesOf(listen.host), addressesOf(to.host)])
  const isAny = [...own, ...others].some(address => WILDCARDS.includes(address))
  return others.some(address => own.includes(address) && (isAny || address !== THIS_HOST))
}

/** Whether who connects there is connected with this host. */
export function isOwnAddress(address: string): boolean {
  const own = Object.values(networkInterfaces()).flatMap(links => links ?? [])
  return WILDCARDS.includes(address) || isLoopback(address) || own.some(link => link.address === address)
}
