import type { AgentSecond } from '../../metrics/second-line.js'

/** It should be heard of twice in that time. */
const SILENT_MS = 1_000

/** Those that are lost, then those that are silent, then the busiest. */
export function worstFirst(agents: readonly AgentSecond[]): AgentSecond[] {
  const rank = ({ isLost, silentMs, cpuCores }: AgentSecond) =>
    isLost ? 1e12 : silentMs >= SILENT_MS ? 1e6 + silentMs : (cpuCores ?? 0)
  return [...agents].sort((a, b) => rank(b) - rank(a))
}

export function isAgentWell({ isLost, silentMs }: AgentSecond): boolean {
  return !isLost && silentMs < SILENT_MS
}

/** In words: how one of them is. */
export function agentState({ name, cpuCores, silentMs, isLost }: AgentSecond): string {
  if (isLost) return `${name} lost`
  if (silentMs >= SILENT_MS) return `${name} silent for ${(silentMs / 1000).toFixed(1)} s`
  return cpuCores === null ? name : `${name} ${cpuCores.toFixed(2)} cores`
}
