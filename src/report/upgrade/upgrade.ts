import { clip, printable } from '../../core/text-width.js'
import { formatCount, formatDurationUs } from '../../core/units.js'
import type { LogGroup } from '../../verdict/log-digest.js'
import { LOSSES, type RouteFound, type UpgradeRoute } from '../../verdict/upgrade.js'
import { plainTable } from '../plain-table.js'

export interface UpgradeRehearsed {
  readonly old: {
    /** Where it is known from what the old master has. */
    readonly source: string
    readonly mailboxes: number
    /** Of them. */
    readonly reserved: number
  }
  readonly to: string
  readonly routes: readonly RouteRehearsed[]
  /** The first that is a go, which needs the least; null where none is. */
  readonly take: UpgradeRoute | null
}

export interface RouteRehearsed extends RouteFound {
  readonly route: UpgradeRoute
  /** What the new list was made of. */
  readonly of: string
  readonly verdict: 'go' | 'no-go'
  readonly reasons: readonly string[]
  /** Loading a dump, before the new master is started. */
  readonly loadMs: number
  /** Until it serves, START section included. */
  readonly startMs: number
  /** Telling it all mailboxes. */
  readonly tellMs: number
  /** The frontend that was let in; null where none was. */
  readonly frontend: { readonly mailboxes: number; readonly readyMs: number } | null
  readonly log: readonly LogGroup[]
}

function totalMs({ loadMs, startMs, tellMs }: RouteRehearsed): number {
  return loadMs + startMs + tellMs
}

export function upgradeText({ old, to, routes, take }: UpgradeRehearsed): string {
  const reserved = old.reserved > 0 ? `, ${formatCount(old.reserved)} of them reserved` : ''
  const table = plainTable(
    ['route', 'takes', 'before', 'after', 'verdict'],
    ['left', 'right', 'right', 'right', 'left'],
  )
  for (const route of routes)
    table.push([
      route.route,
      formatDurationUs(totalMs(route) * 1e3),
      formatCount(route.expected),
      route.listed === null ? '–' : formatCount(route.listed),
      route.verdict === 'go' ? 'GO' : 'NO-GO',
    ])
  const lines = [
    `the old master: ${formatCount(old.mailboxes)} mailboxes${reserved} (${old.source})`,
    `the new one: ${to}`,
    '',
    ...table
      .toString()
      .split('\n')
      .map(line => line.trimEnd()),
  ]
  for (const route of routes) lines.push('', ...routeLines(route))
  lines.push('', take === null ? NONE : `→ ${REMEDIES[take]}`)
  return `${lines.join('\n')}\n`
}

/** A name may have 490 bytes. */
const NAME_COLUMNS = 60
const LOG_COLUMNS = 160

const NONE = '→ none of these: leave the old master as it is, and let no frontend join a new one'

function routeLines(route: RouteRehearsed): string[] {
  const { frontend, reasons, losses, log } = route
  const lines = [
    `${route.verdict === 'go' ? 'GO' : 'NO-GO'}  ${route.route}: ${DOES[route.route]} (${printable(route.of)})`,
  ]
  lines.push(...reasons.map(reason => `  ${printable(reason)}`))
  const dropped = losses.dropped?.count ?? 0
  if (dropped > 0)
    lines.push(
      `  ${formatCount(dropped)} reserved gone, as at every start: ctl_cyrusdb -r takes them for creations cut off`,
    )
  const named = LOSSES.flatMap(loss => (loss === 'dropped' ? [] : (losses[loss]?.first ?? [])))
  if (named.length > 0)
    lines.push(
      `  such as ${named
        .slice(0, 3)
        .map(name => clip(JSON.stringify(name), NAME_COLUMNS))
        .join(', ')}`,
    )
  for (const { count, line } of log)
    lines.push(`  log${count > 1 ? `, ${formatCount(count)} times` : ''}: ${clip(printable(line), LOG_COLUMNS)}`)
  lines.push(
    frontend === null
      ? '  no frontend was let in'
      : `  a frontend that was let in has ${formatCount(frontend.mailboxes)}, after ${formatDurationUs(frontend.readyMs * 1e3)}`,
  )
  return lines
}

const DOES: Readonly<Record<UpgradeRoute, string>> = {
  'in-place': 'the new programs on the old database',
  'frontend-copy': 'the new programs on a copy of a frontend’s database',
  undump: 'the old dump as it is, by ctl_mboxlist -u',
  convert: 'what dump convert makes of it, by ctl_mboxlist -u',
  activate: 'started empty, told all by backends, as ctl_mboxlist -m does',
}

const REMEDIES: Readonly<Record<UpgradeRoute, string>> = {
  'in-place':
    'in-place: keep a copy of mailboxes.db; start the new master with no frontend allowed in, count, then let them in',
  'frontend-copy':
    'frontend-copy: put the frontend’s mailboxes.db there while both stand still; start the new master, count, then let frontends in',
  undump:
    'undump: with the new master stopped and its mailboxes.db gone, ctl_mboxlist -u; start it, count, then let frontends in',
  convert:
    'convert: mupdate-bench dump convert OLD --to json | ctl_mboxlist -u, with the new master stopped and its mailboxes.db gone; start it, count, then let frontends in',
  activate: 'activate: start the new master empty, ctl_mboxlist -m on every backend, count, then let frontends in',
}
