import { readProc } from './read-proc.js'

/**
 * Counts connections that found a listen queue of this host (of its network namespace) full. The kernel drops what they
 * sent; who connects tries again after 1, 3, 7 and 15 s, unless Cyrus's clients gave up at 10 s. Cyrus's queue holds 32
 * (master(8), `-l`), whatever the number of its workers.
 */
export class ListenQueueCounter {
  readonly #first: number | undefined

  constructor(private readonly procDir = '/proc') {
    this.#first = this.#now()
  }

  /** @returns how many since it was made; `undefined` where nobody counts */
  count(): number | undefined {
    const now = this.#now()
    return now === undefined || this.#first === undefined ? undefined : now - this.#first
  }

  #now(): number | undefined {
    return parseListenOverflows(readProc(`${this.procDir}/net/netstat`) ?? '')
  }
}

/** `/proc/net/netstat`: a line of names, then one of their values. */
export function parseListenOverflows(text: string): number | undefined {
  const [names, values] = text.split('\n').filter(line => line.startsWith('TcpExt:'))
  const at = names?.split(' ').indexOf('ListenOverflows') ?? -1
  const value = at < 0 ? undefined : values?.split(' ')[at]
  return value === undefined ? undefined : Number(value)
}
