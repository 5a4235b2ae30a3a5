/** The part of a swarm that one thread runs: each `of`-th of its members, beginning with number `index`. */
export interface Share {
  readonly index: number
  readonly of: number
}

export const WHOLE: Share = { index: 0, of: 1 }

export function isOwn({ index, of }: Share, member: number): boolean {
  return member % of === index
}
