import type { DumpEntry } from './dump-entry.js'
import { FATES, type Fate, type Step } from './reconciliation.js'

/** A line that sorts by name, then by whose it is: 0 for the master's, then the backends'. */
export function sourceLine(source: number, order: number, { name, state, server, partition, acl }: DumpEntry): string {
  return [name, sourceKey(source), orderKey(order), state, server, partition, acl].join('\t')
}

export interface SourceLine {
  readonly name: string
  readonly source: number
  readonly order: number
  readonly state: DumpEntry['state']
  readonly server: string
  readonly partition: string
  readonly acl: string
}

export function parseSourceLine(line: string): SourceLine {
  const [name, source, order, state, server, partition, ...acl] = line.split('\t') as [
    ...[string, string, string, DumpEntry['state'], string, string],
    ...string[],
  ]
  return { name, source: Number(source), order: Number(order), state, server, partition, acl: acl.join('\t') }
}

/** A line that sorts by backend, then by when its run comes to it. */
export function stepLine({ backend, order, listed, fate, late, server, copy }: Step, name: string): string {
  const fates = `${FATES.indexOf(fate)}${FATES.indexOf(late)}`
  const place = listed === undefined ? '' : orderKey(listed)
  return [sourceKey(backend), orderKey(order), place, fates, copy, server, name].join('\t')
}

export function parseStepLine(line: string): Step & { readonly name: string } {
  const [backend, order, place, fates, copy, server, name] = line.split('\t') as [
    ...[string, string, string, string, Step['copy'], string, string],
  ]
  const fateAt = (at: number): Fate => FATES[Number(fates[at])]!
  const listed = place === '' ? undefined : Number(place)
  return {
    ...{ backend: Number(backend), order: Number(order), listed, fate: fateAt(0), late: fateAt(1) },
    ...{ server, copy, name },
  }
}

/** A line that sorts by backend, then as the master lists what is to be there. */
export function listedLine(backend: number, listed: number): string {
  return `${sourceKey(backend)}\t${orderKey(listed)}`
}

/** Whether its backend is before the other line's. */
export function isOfEarlier(line: string, other: string): boolean {
  return line.slice(0, SOURCE_DIGITS) < other.slice(0, SOURCE_DIGITS)
}

const SOURCE_DIGITS = 4
const ORDER_DIGITS = 11

function sourceKey(source: number): string {
  return String(source).padStart(SOURCE_DIGITS, '0')
}

function orderKey(order: number): string {
  return String(order).padStart(ORDER_DIGITS, '0')
}
