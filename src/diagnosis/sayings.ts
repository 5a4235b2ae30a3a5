/** What a line of a mupdate process says; texts of imap/mupdate-slave.c, imap/mupdate.c and lib, seen on 3.6.1. */
export type Saying =
  /** `successful mupdate connection to …` */
  | { readonly kind: 'connected' }
  /** `scarfing mailbox list …`: UPDATE was sent. */
  | { readonly kind: 'listing' }
  /** `unready for connections`: the list is there; its own clients are dropped. */
  | { readonly kind: 'listed' }
  /** `synchronizing mailbox list …` */
  | { readonly kind: 'merging' }
  | { readonly kind: 'synchronised' }
  | { readonly kind: 'unsynchronised' }
  | { readonly kind: 'timed-out' }
  /** The connection to the master is gone for another reason. */
  | { readonly kind: 'dropped' }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'retrying'; readonly seconds: number }
  | { readonly kind: 'too-busy' }
  /** A connection whose client said nothing for 3 h (imap/mupdate.c docmd). */
  | { readonly kind: 'gave-up' }
  | { readonly kind: 'descriptors'; readonly used: number; readonly limit: number }
  | { readonly kind: 'long-lock'; readonly seconds: number }
  | { readonly kind: 'fatal' }
  | { readonly kind: 'login' }
  | { readonly kind: 'bad-login' }
  /** Known, and of no consequence here. */
  | { readonly kind: 'idle' }

export type SayingKind = Saying['kind']

/** Those that a slave alone says. */
export type SlaveSaying = Extract<
  Saying,
  {
    kind:
      | 'connected'
      | 'listing'
      | 'listed'
      | 'merging'
      | 'synchronised'
      | 'unsynchronised'
      | 'timed-out'
      | 'dropped'
      | 'unreachable'
      | 'retrying'
  }
>

const SLAVE_KINDS: readonly SayingKind[] = [
  'connected',
  'listing',
  'listed',
  'merging',
  'synchronised',
  'unsynchronised',
  'timed-out',
  'dropped',
  'unreachable',
  'retrying',
]

export function isSlaveSaying(saying: Saying): saying is SlaveSaying {
  return SLAVE_KINDS.includes(saying.kind)
}

const SAYINGS: readonly (readonly [RegExp, (match: RegExpExecArray) => Saying])[] = [
  [/^successful mupdate connection to /, () => ({ kind: 'connected' })],
  [/^scarfing mailbox list from master mupdate server/, () => ({ kind: 'listing' })],
  [/^unready for connections/, () => ({ kind: 'listed' })],
  [/^synchronizing mailbox list with master mupdate server/, () => ({ kind: 'merging' })],
  [/^mailbox list synchronization complete/, () => ({ kind: 'synchronised' })],
  [/^mailbox list synchronization NOT complete/, () => ({ kind: 'unsynchronised' })],
  [/^connection to master timed out/, () => ({ kind: 'timed-out' })],
  [/^(?:connection to master failed|mupdate_scarf: |update\/noop sync error )/, () => ({ kind: 'dropped' })],
  [/^couldn't connect to mupdate server/, () => ({ kind: 'unreachable' })],
  [/^retrying connection to mupdate server in (\d+) seconds/, ([, n]) => ({ kind: 'retrying', seconds: Number(n) })],
  [/^Server too busy, dropping connection/, () => ({ kind: 'too-busy' })],
  [/^idle for too long, closing connection/, () => ({ kind: 'gave-up' })],
  [
    /^signals_select: nfds = (\d+)\/(\d+)/,
    ([, used, limit]) => ({ kind: 'descriptors', used: Number(used), limit: Number(limit) }),
  ],
  [/longlock \S+ for ([\d.]+) seconds/, ([, n]) => ({ kind: 'long-lock', seconds: Number(n) })],
  [/^(?:Internal error: assertion failed|Fatal error|FATAL)/i, () => ({ kind: 'fatal' })],
  [/^login: /, () => ({ kind: 'login' })],
  [/^badlogin: /, () => ({ kind: 'bad-login' })],
  [
    /^(?:New worker thread started|Worker thread finished|Thread timed out waiting for|accepted connection|executed|about to exec|cmd_(?:set|find|change)\(|mupdate_ready called when already ready|attempt to delete unknown mailbox)/,
    () => ({ kind: 'idle' }),
  ],
]

/** @returns undefined for a line that is not known here: it is counted, not guessed at */
export function sayingOf(text: string): Saying | undefined {
  for (const [pattern, saying] of SAYINGS) {
    const match = pattern.exec(text)
    if (match !== null) return saying(match)
  }
  return undefined
}

/** What Cyrus's `master` says of a mupdate process (master/master.c, reap_child; the second form is that of 2.x). */
export type Death =
  | {
      readonly kind: 'signalled' | 'failed' | 'ended'
      readonly pid: number
      readonly service: string | undefined
      readonly how: string
    }
  | { readonly kind: 'disabled'; readonly service: string }

export function deathOf(text: string): Death | undefined {
  const ended =
    /^process type:\S+ name:(\S+) .*?\bpid:(\d+) (exited normally|exited, status (\d+)|signaled to death by signal \d+.*)/.exec(
      text,
    )
  if (ended !== null) return { ...how(ended[3], ended[4]), pid: Number(ended[2]), service: ended[1] }
  const old = /^process (\d+) (exited), (status (\d+)|signaled to death by (\d+))/.exec(text)
  if (old !== null) return { ...how(old[3], old[4]), pid: Number(old[1]), service: undefined }
  const disabled = /^too many failures for service ([^/,\s]+)\S*, disabling until next SIGHUP/.exec(text)
  return disabled === null ? undefined : { kind: 'disabled', service: disabled[1] }
}

function how(text: string, status: string | undefined) {
  const kind = text.startsWith('signaled') ? 'signalled' : status === undefined || status === '0' ? 'ended' : 'failed'
  return { kind, how: text } as const
}

const MUPDATE = /(?:^|\/)mupdate[\w.-]*$/

/** Of a syslog identifier, or a service's name. */
export function isMupdate(name: string): boolean {
  return MUPDATE.test(name)
}

export function isCyrusMaster(ident: string): boolean {
  return /(?:^|\/)master$/.test(ident) && !ident.startsWith('postfix')
}

/** A text without what differs from one line to the next, and without anybody's name. */
export function shapeOf(text: string): string {
  return text
    .replace(/"[^"]*"|<[^>]*>/g, '"…"')
    .split(' ')
    .map(word => (/[/@!]|[^.:,;)]\.[^.\s]/.test(word) ? '*' : word.replace(/0x[0-9a-f]+|\d+/gi, '#')))
    .join(' ')
    .slice(0, 160)
}
