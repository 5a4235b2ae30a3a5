import { dangersOf, STARTTLS_KILLS } from '../masters/cyrus/dangers.js'
import type { Answer, DoctorFacts } from '../metrics/doctor-result.js'
import { type Check, ok, warning } from './check.js'

export type Banner = Extract<Answer, { kind: 'mupdate' }>['banner']

/** What it offers. */
export function bannerChecks(banner: Banner, { isLoopback }: DoctorFacts['target']): Check[] {
  const { capabilities } = banner
  const offers = (name: string) => capabilities[name] !== undefined
  return [
    mechanisms(capabilities.AUTH ?? []),
    starttls(offers('STARTTLS'), isCyrus(banner), isLoopback),
    ok('COMPRESS', offers('COMPRESS') ? `offered: ${capabilities.COMPRESS!.join(', ')}` : 'not offered'),
    partialUpdate(offers('PARTIAL-UPDATE'), isCyrus(banner)),
  ]
}

/** What is known to go wrong with its version. */
export function dangerChecks(banner: Banner): Check[] {
  if (!isCyrus(banner)) return []
  return dangersOf(banner.version).map(({ name, said, remedy }) => warning(name, said, remedy))
}

/** Cyrus: `(master)`, or of a slave `mupdate://` and its master. */
export function isSlave({ role }: Banner): boolean {
  return masterOf(role) !== undefined
}

/** Of a slave. */
export function masterOf(role: string): string | undefined {
  return /^mupdate:\/\/(.+)$/.exec(role)?.[1]
}

export function isCyrus({ product }: Banner): boolean {
  return /\bcyrus\b/i.test(product)
}

function mechanisms(offered: readonly string[]): Check {
  if (offered.length > 0) return ok('AUTH', offered.join(', '))
  return warning(
    'AUTH',
    'no mechanism is offered as long as there is no TLS',
    'log in within TLS, or set sasl_mech_list (and allowplaintext for PLAIN) in the master’s imapd.conf',
  )
}

function starttls(isOffered: boolean, isCyrus: boolean, isLoopback: boolean): Check {
  if (isOffered && isCyrus) return warning(STARTTLS_KILLS.name, STARTTLS_KILLS.said, STARTTLS_KILLS.remedy)
  if (isOffered) return ok('STARTTLS', 'offered')
  if (isLoopback) return ok('STARTTLS', 'not offered; nothing leaves this host')
  return warning(
    'STARTTLS',
    'not offered: names and ACLs cross the network in clear, and passwords do with PLAIN',
    `use a tunnel, or a network of one’s own${isCyrus ? '; not STARTTLS, which kills mupdate 3.6.1' : ''}`,
  )
}

function partialUpdate(isOffered: boolean, isCyrus: boolean): Check {
  if (!isOffered) return ok('PARTIAL-UPDATE', 'not offered')
  return ok(
    'PARTIAL-UPDATE',
    isCyrus ? 'offered (at most 30 hosts; a Cyrus master leaks memory on such streams)' : 'offered',
  )
}
