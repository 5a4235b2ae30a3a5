import type { LiveSecond, PhaseBegun, RunEnd, RunFacts } from '../page/live-facts.js'
import { element } from './elements.js'
import { formatClock, formatValue } from './format.js'
import { ProbeWatch } from '../page/probe-watch.js'
import { agentsTile, noopTile, operationsTile, type Tile } from './live-tiles.js'

export type Connection = 'live' | 'lost' | 'full' | 'refused' | 'bare'

const SAID: Readonly<Record<Connection, string>> = {
  live: 'live',
  lost: 'the connection is lost; trying again',
  full: 'as many watch as the server takes; load this page again when one has left',
  bare: 'the link of this run has a token, which is missing here: open it as it was printed',
  refused: 'the server refuses this link: is it of an earlier run?',
}

/** What stands above the charts: which run, how far it is, what it is at, and the way to stop it. */
export class LiveHead {
  /** @returns whether the server took it */
  onStop: () => Promise<boolean> = () => Promise.resolve(false)
  private facts: RunFacts | undefined
  private current: PhaseBegun | undefined
  private isOver = false
  private readonly probes = new ProbeWatch()

  constructor() {
    byId('stop').addEventListener('click', () => void this.stop())
  }

  begin(facts: RunFacts): void {
    this.facts = facts
    byId('name').textContent = facts.profile.name
    document.title = `${facts.profile.name}, live`
  }

  phase(phase: PhaseBegun): void {
    this.current = phase
  }

  second(second: LiveSecond): void {
    byId('tiles').replaceChildren(...this.tiles(second).map(([name, value, more]) => tile(name, value, more)))
  }

  connection(state: Connection): void {
    if (this.isOver) return
    byId('state').className = state
    byId('state').textContent = SAID[state]
  }

  /** What is shown stays as it is: the server is gone. */
  end(end: RunEnd): void {
    this.isOver = true
    byId('stop').hidden = true
    byId('state').className = ''
    if (end.kind === 'failure') {
      byId('state').textContent = `the run came to no result: ${end.reason}`
      return
    }
    const { result, reasons } = end.verdict
    byId('state').textContent =
      `the run ${end.state === 'interrupted' ? 'was stopped' : 'has ended'}; this is how it was at the end`
    byId('verdict').textContent = result.toUpperCase()
    byId('verdict').classList.add(result)
    byId('verdict').hidden = false
    byId('reasons').replaceChildren(...reasons.map(reason => element('li', {}, reason)))
    byId('reasons').hidden = false
    document.title = `${result}: ${this.facts?.profile.name ?? ''}`
  }

  private tiles(second: LiveSecond) {
    const { atMs, master, standings } = second
    const { streaming, ...others } = standings
    const away = Object.entries(others).flatMap(([state, count]) => (count > 0 ? [`${count} ${state}`] : []))
    const tiles: Tile[] = [['run', formatClock(atMs / 1000), this.facts?.master.version ?? '']]
    if (this.current !== undefined) tiles.push(phaseTile(this.current, atMs))
    tiles.push(...noopTile(this.probes.see(second)))
    if (master !== null)
      tiles.push([
        'CPU of the master',
        formatValue('cores', master.meanCores),
        master.peggedMs > 0 ? 'pegged' : 'cores',
      ])
    else if (this.facts?.master.kind === 'remote') tiles.push(['CPU of the master', 'not measured', ''])
    tiles.push(...operationsTile(second), ...agentsTile(second))
    if (streaming + away.length > 0) tiles.push(['frontends that stream', String(streaming), away.join(', ')])
    return tiles
  }

  private async stop(): Promise<void> {
    if (!confirm('Stop this run? Its results so far are kept.')) return
    const button = byId('stop')
    button.setAttribute('disabled', '')
    const taken = await this.onStop().catch(() => false)
    if (taken) button.textContent = 'Stopping …'
    else {
      button.removeAttribute('disabled')
      button.textContent = 'Stop the run (it did not hear)'
    }
  }
}

function phaseTile({ name, number, count, startMs, lengthMs, isLimit }: PhaseBegun, atMs: number): Tile {
  const left = formatClock(Math.max(0, startMs + lengthMs - atMs) / 1000)
  return [`phase ${number} of ${count}`, name, isLimit ? `at most ${left}` : `${left} left`]
}

function tile(name: string, value: string, more: string): HTMLElement {
  return element('div', {}, element('dt', {}, name), element('dd', {}, `${value} `, element('small', {}, more)))
}

function byId(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no #${id}`)
  return found
}
