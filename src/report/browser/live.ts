import type { EventLine, SlaveLine } from '../../metrics/second-line.js'
import type { LiveSecond, PhaseBegun, RunEnd, RunFacts } from '../page/live-facts.js'
import { NO_RUN_YET } from '../page/run-model.js'
import { type Connection, LiveHead } from './live-head.js'
import { takeToken } from './live-token.js'
import { drawRun } from './run-view.js'

const MISSING = {
  series: 'Nothing of it so far.',
  curves: 'Percentile curves are in the report, once the run has ended.',
}

const charts = document.getElementById('charts')
if (charts !== null) follow(charts, takeToken())

/** Draws what the server tells, and goes on where it was after a lost connection: EventSource sees to both. */
function follow(root: HTMLElement, token: string): void {
  const query = `?token=${encodeURIComponent(token)}`
  const source = new EventSource(`events${query}`)
  const head = new LiveHead()
  const view = drawRun(root, { ...NO_RUN_YET, missing: MISSING })
  const on = <T>(kind: string, take: (data: T) => void) =>
    source.addEventListener(kind, message => take(JSON.parse((message as MessageEvent<string>).data) as T))
  let runId: string | undefined
  on<RunFacts>('hello', facts => {
    // Another run has taken the place of one that was killed: nothing of it belongs into these charts.
    if (runId !== undefined && runId !== facts.id) location.reload()
    runId = facts.id
    head.begin(facts)
  })
  on<PhaseBegun>('phase', phase => {
    view.appendPhase(phase)
    head.phase(phase)
  })
  on<LiveSecond>('second', second => {
    view.appendSecond(second)
    head.second(second)
    root.dataset.seconds = String(Number(root.dataset.seconds ?? 0) + 1)
  })
  on<EventLine>('event', event => view.appendEvent(event))
  on<SlaveLine[]>('moves', moves => {
    for (const move of moves) view.appendSlaveMove(move)
  })
  on<RunEnd>('end', end => {
    // It would ask for more for ever.
    source.close()
    head.end(end)
  })
  source.addEventListener('open', () => head.connection('live'))
  source.addEventListener('error', () => {
    if (source.readyState === source.CLOSED) void whyRefused(`events${query}`).then(why => head.connection(why))
    else head.connection('lost')
  })
  head.onStop = () => fetch(`stop${query}`, { method: 'POST' }).then(({ ok }) => ok)
}

/** An EventSource does not say what it was answered. */
async function whyRefused(url: string): Promise<Connection> {
  const given = new AbortController()
  const status = await fetch(url, { signal: given.signal }).then(
    response => response.status,
    () => undefined,
  )
  given.abort()
  if (status === 403) return url.endsWith('=') ? 'bare' : 'refused'
  // It had no room then; if it has now, this page can have it.
  return status === undefined ? 'lost' : 'full'
}
