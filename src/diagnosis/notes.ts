import { formatCount } from '../core/units.js'
import type { DiagnosisResult } from '../metrics/diagnosis-result.js'

type Known = Omit<DiagnosisResult, 'notes' | 'wayOut'>

/** What cannot be known from these logs, and what was assumed. */
export function notesOf(result: Known): string[] {
  return [...precision(result), ...roles(result), ...delay(result), ...lists(result), ...holes(result)]
}

function precision({ errorMs, sources }: Known): string[] {
  const zones = [...new Set(sources.flatMap(({ zone }) => zone ?? []))]
  const inferred = sources.filter(({ year }) => year === 'from the file’s time' || year === 'from today')
  return [
    ...(errorMs > 0
      ? [
          'Stamps are cut to the second: each time between two lines is ±1 s, and of lines within a second of each other, in different logs, it is not known which came first.',
        ]
      : []),
    ...(inferred.length > 0
      ? [
          `The year is not in the lines of ${names(inferred.map(({ name }) => name))}; it is the last that is not after the ${inferred.some(({ year }) => year === 'from today') ? 'end of reading' : 'file’s own time'}. --year YYYY says otherwise.`,
        ]
      : []),
    ...(zones.length > 0
      ? [
          `Times without a zone are taken for ${names(zones)}, as on this machine; TZ=Area/City before the command says otherwise.`,
        ]
      : []),
    ...(sources.length > 1
      ? ['Several logs are put together by their times: hosts whose clocks differ will seem to act in another order.']
      : []),
  ]
}

function roles({ frontends, masters, otherProcesses }: Known): string[] {
  const shared = new Map<string, number>()
  for (const { host } of frontends) shared.set(host, (shared.get(host) ?? 0) + 1)
  const several = [...shared].filter(([, count]) => count > 1).map(([host]) => host)
  return [
    ...(masters.length === 0
      ? ['No line here is known to be the master’s: its restarts, and what it refused, are unknown.']
      : []),
    ...(frontends.length === 0
      ? ['No line here is a frontend’s: resyncs, time-outs and thrash are unknown. Give the logs of the frontends too.']
      : ['A frontend whose log is not here is not known of; its lists may be what others waited for.']),
    ...(several.length > 0
      ? [
          `On ${names(several)} several frontends share a host; they are told apart by syslog identifier and process, and one whose process ended before another’s began would be taken for that one restarted.`,
        ]
      : []),
    ...(otherProcesses > 0
      ? [
          `${counted(otherProcesses, 'process', 'processes')} of mupdate said nothing by which a frontend or a master is known.`,
        ]
      : []),
  ]
}

function delay({ retryDelayS: { low, likely, high, source }, frontends }: Known): string[] {
  if (frontends.length === 0 || source === 'given') return []
  if (source === 'default, no retry seen')
    return [
      `No frontend said after how long it retries: mupdate_retry_delay is taken for ${likely} s, Cyrus’s default. --retry-delay says otherwise.`,
    ]
  const range = low === high ? `${high} s` : `between ${low} and ${high} s`
  const taken =
    source === 'retries' ? (low === high ? '' : `; ${likely} s is taken`) : `; ${likely} s, Cyrus’s default, is taken`
  return [
    `The frontends’ retries say that mupdate_retry_delay is ${range}${taken}${low === high ? '' : '. --retry-delay says otherwise'}.`,
  ]
}

function lists({ timeouts, listHoldMs, frontends }: Known): string[] {
  const without = timeouts.filter(({ generation }) => generation === 0)
  const alone = without.filter(({ during }) => during.length === 0).length
  const short = without.length - alone
  return [
    ...(alone > 0
      ? [
          `${alone} of ${timeouts.length} time-outs came while no other frontend’s list was seen on its way: the cause is not in these logs (the master busy or gone, the network, a frontend whose log is not here).`,
        ]
      : []),
    ...(short > 0
      ? [
          `${short} of ${timeouts.length} time-outs came after lists of others that were too short to be the cause: together less than one retry delay of the two before it.`,
        ]
      : []),
    ...(frontends.length > 0 && listHoldMs === null
      ? ['No list was seen whole, from “scarfing” to “unready”: how long one takes is unknown.']
      : []),
  ]
}

function holes({ frontends, sources, unknownLines }: Known): string[] {
  const missing = frontends.reduce((sum, { missingLines }) => sum + missingLines, 0)
  const unread = sources.reduce((sum, { unreadLines }) => sum + unreadLines, 0)
  const unknown = unknownLines.reduce((sum, { count }) => sum + count, 0)
  return [
    ...(missing > 0
      ? [
          `${counted(missing, 'line')} of frontends cannot follow the line before: some were lost (rate limits, rotation), so counts are lower bounds, and times of refusing or of being out of touch may be too short or too long.`,
        ]
      : []),
    ...(unread > 0
      ? [
          `${counted(unread, 'line')} with “mupdate” in no format, or under no identifier, that is known here: not counted. Where rsyslog has cut cyrus/mupdate[123] to cyrus[123], its parser.permitSlashInProgramName="on" keeps it whole.`,
        ]
      : []),
    ...(unknown > 0
      ? [
          `${counted(unknown, 'line')} of mupdate in ${counted(unknownLines.length, 'shape')} that are not known here: counted, and nothing is made of them.`,
        ]
      : []),
  ]
}

function counted(count: number, one: string, several = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : several}`
}

function names(list: readonly string[]): string {
  return list.length > 5 ? `${list.slice(0, 5).join(', ')} and ${list.length - 5} more` : list.join(', ')
}
