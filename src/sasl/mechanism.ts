/** The strongest first; EXTERNAL's strength is that of the TLS below, so it is taken only where it is asked for. */
export const MECHANISMS = [
  'SCRAM-SHA-512',
  'SCRAM-SHA-256',
  'SCRAM-SHA-1',
  'DIGEST-MD5',
  'PLAIN',
  'LOGIN',
  'EXTERNAL',
] as const

export type Mechanism = (typeof MECHANISMS)[number]

/** @returns undefined for one that is not spoken here; upper and lower case are the same (RFC 4422 section 3.1) */
export function mechanismOf(name: string): Mechanism | undefined {
  const upper = name.toUpperCase()
  return MECHANISMS.find(mechanism => mechanism === upper)
}

/** @returns undefined when none of those offered is spoken here */
export function strongest(offered: readonly string[]): Mechanism | undefined {
  const known = offered.map(mechanismOf)
  return MECHANISMS.find(mechanism => mechanism !== 'EXTERNAL' && known.includes(mechanism))
}

/** Whether who listens on the wire has the password. */
export function showsPassword(mechanism: Mechanism): boolean {
  return mechanism === 'PLAIN' || mechanism === 'LOGIN'
}
