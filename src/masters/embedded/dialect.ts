/** Where versions of Cyrus differ in what they say. */
export interface Dialect {
  /** Who the banner says it is. */
  readonly product: string
  readonly version: string
  /** After BAD, before login. */
  readonly loginFirst: string
  /** Whether a name can be reserved again at its location: replicated backends do that. */
  readonly reservesAgain: boolean
  /** Of DEACTIVATE for a name that is not there. */
  readonly notActive: string
  /** Whether STARTTLS is known, and refused for want of a certificate, where it is not offered. */
  readonly knowsStarttls: boolean
  /** Commands that kill it: DELETE of an unknown name; DEACTIVATE of an unknown one, or a reserved one at its location. */
  readonly deadly: readonly ('DELETE' | 'DEACTIVATE')[]
}

const CYRUS_3_6: Dialect = {
  product: 'Cyrus IMAP',
  version: '3.6.1',
  loginFirst: '"Please login first"',
  reservesAgain: true,
  // What 3.12.3 says: 3.6.1 dies.
  notActive: "mailbox doesn't exist",
  knowsStarttls: true,
  deadly: ['DELETE', 'DEACTIVATE'],
}

/** 3.6 is measured on 3.6.1. The others are read from source (imap/mupdate.c docmd, dobanner, cmd_set), but for what 3.12.3 says. */
export const DIALECTS = {
  '2.4': {
    product: 'Cyrus Murder',
    version: 'v2.4.18',
    loginFirst: 'Please login first',
    reservesAgain: false,
    notActive: 'mailbox not currently active',
    knowsStarttls: true,
    deadly: [],
  },
  '3.6': CYRUS_3_6,
  '3.12': {
    ...CYRUS_3_6,
    version: '3.12.3',
    knowsStarttls: false,
    deadly: ['DELETE'],
  },
} as const satisfies Record<string, Dialect>

export type DialectName = keyof typeof DIALECTS

export const DIALECT_NAMES = Object.keys(DIALECTS) as readonly DialectName[]

/** What is not asked for is as 3.6.1 is. */
export function dialectOf(name: DialectName | undefined): Dialect {
  return DIALECTS[name ?? '3.6']
}
