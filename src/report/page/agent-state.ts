import type { AgentSecond } from '../../metrics/second-line.js'

/** It should be heard of twice in that time. */
const SILENT_MS = 1_000

/** The later, the more one has to look at it. */
const STANDINGS = ['well', 'silent', 'lost'] as const

function standingOf({ isLost, silentMs }: AgentSecond): (typeof STANDINGS)[number] {
  if (isLost) return 'lost'
  return silentMs >= SILENT_MS ? 'silent' : 'well'
}

/** Those that are lost, then those that are silent, the longest first, then the busiest. */
export function worstFirst(agents: readonly AgentSecond[]): AgentSecond[] {
  const gravity = (agent: AgentSecond) => STANDINGS.indexOf(standingOf(agent))
  const within = (agent: AgentSecond) => (isAgentWell(agent) ? (agent.cpuCores ?? 0) : agent.silentMs)
  return [...agents].sort((a, b) => gravity(b) - gravity(a) || within(b) - within(a))
}

export function isAgentWell(agent: AgentSecond): boolean {
  return standingOf(agent) === 'well'
}

/** Those that still take part. */
export function agentsThere(agents: readonly AgentSecond[]): number {
  return agents.filter(({ isLost }) => !isLost).length
}

/** In words: how one of them is. */
export function agentState(agent: AgentSecond): string {
  const { name, cpuCores, silentMs } = agent
  switch (standingOf(agent)) {
    case 'lost':
      return `${name} lost`
    case 'silent':
      return `${name} silent for ${(silentMs / 1000).toFixed(1)} s`
    case 'well':
      return cpuCores === null ? name : `${name} ${cpuCores.toFixed(2)} cores`
  }
}
