/** A mailbox as a line that sorts by its name. */
export interface SortedLine {
  readonly name: string
  readonly state: string
  readonly location: string
  readonly acl: string
}

export function sortedLine({ name, state, location, acl }: SortedLine): string {
  return `${name}\t${state}\t${location}\t${acl}`
}

export function parseSortedLine(line: string): SortedLine {
  const ends = [0, 0, 0]
  for (let i = 0, at = -1; i < 3; i++) ends[i] = at = line.indexOf('\t', at + 1)
  const [name, state, location] = ends as [number, number, number]
  return {
    name: line.slice(0, name),
    state: line.slice(name + 1, state),
    location: line.slice(state + 1, location),
    acl: line.slice(location + 1),
  }
}

export const DIFFERENCE_KINDS = [
  'only in the first',
  'only in the second',
  'elsewhere',
  'another state',
  'another ACL',
] as const
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number]

/** One mailbox that is not the same in both; at least one of them is there. @returns undefined where it is */
export function differenceOf(a: SortedLine | undefined, b: SortedLine | undefined): DifferenceKind | undefined {
  if (b === undefined) return 'only in the first'
  if (a === undefined) return 'only in the second'
  if (a.location !== b.location) return 'elsewhere'
  if (a.state !== b.state) return 'another state'
  return a.acl === b.acl ? undefined : 'another ACL'
}
