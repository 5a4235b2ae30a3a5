/**
 * What is in one log, without what another log has of the same: a line may be in a host's own log and in that of the
 * host that collects them.
 */
export function withoutCopies<T extends { readonly source: number }>(
  items: readonly T[],
  isSame: (a: T, b: T) => boolean,
): T[] {
  const kept: T[] = []
  for (const item of items) {
    if (!kept.some(other => other.source !== item.source && isSame(other, item))) kept.push(item)
  }
  return kept
}
