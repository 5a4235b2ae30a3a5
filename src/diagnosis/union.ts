interface SpanNs {
  readonly fromNs: number
  readonly toNs: number
}

/** How much of the time between two moments some span covers. @param spans by their beginnings */
export function unionNs(spans: readonly SpanNs[], fromNs: number, toNs: number): number {
  let sumNs = 0
  let coveredNs = fromNs
  for (const span of spans) {
    const endNs = Math.min(span.toNs, toNs)
    sumNs += Math.max(0, endNs - Math.max(span.fromNs, coveredNs))
    coveredNs = Math.max(coveredNs, endNs)
  }
  return sumNs
}
