/** Where a master listens, and what a client lays over the connection to it: plain data, which crosses to threads. */
export interface MasterAddress {
  readonly host: string
  readonly port: number
  /** Absent: STARTTLS where another host offers nothing else that hides the password. */
  readonly tls?: TlsSettings
  /** COMPRESS DEFLATE after the login. */
  readonly compress?: true
}

export interface TlsSettings {
  /** `implicit`: from the first byte on; `off`: not even where it is offered. */
  readonly mode: 'starttls' | 'implicit' | 'off'
  /** PEM file of who may have signed the master's certificate; those that Node knows when absent. */
  readonly caFile?: string
  /** PEM file of a certificate of our own. */
  readonly certFile?: string
  /** PEM file of its key; absent where that is in `certFile`. */
  readonly keyFile?: string
  /** What the master's certificate must be for; the host when absent. */
  readonly serverName?: string
  readonly minVersion?: TlsVersion
  /** Whoever answers is believed. */
  readonly verify?: false
}

export const TLS_VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const
export type TlsVersion = (typeof TLS_VERSIONS)[number]

/** Who a client says it is; the password comes from the environment, a file or a prompt and goes into no result. */
export interface Credentials {
  readonly user: string
  readonly password: string
  /** The only one that will do; the strongest that is offered when absent. */
  readonly mechanism?: string
  /** Whom to act for, if not for the user itself. */
  readonly authorize?: string
  /** PLAIN and LOGIN also where others can read the password: without TLS, on another host. */
  readonly allowPlaintext?: true
}

/** Loopback in all its spellings; everything else is somebody's network. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** As sockets take it: in URLs addresses of IPv6 stand in brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}
