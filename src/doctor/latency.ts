import { formatCount, formatDurationUs } from '../core/units.js'
import type { DoctorFacts, Times } from '../metrics/doctor-result.js'
import { type Check, failed, notMeasured, ok, warning } from './check.js'

/** A calm master needs less than a millisecond. */
const SLOW_US = 500e3
/** A change holds the lock for a millisecond or two, on a disk too (1,600 a second); a list for as long as it is. */
const HELD_US = 50e3
/** And so much longer than a NOOP: a slow network or a busy CPU delays both. */
const HELD_TIMES = 5
const STUCK = 'the master is stuck: see its CPU and its log'

export function latencyChecks({ bannerUs, noopUs, findUs, target }: DoctorFacts): Check[] {
  return [
    ...(bannerUs === null ? [] : [ok('banner', timesText(bannerUs))]),
    noopUs === null ? notMeasured('NOOP', 'nobody is logged in', null) : noop(noopUs),
    ...(noopUs === null || findUs === null ? [] : [lock(findUs, noopUs)]),
    target.isHere
      ? ok('clock', 'the master’s is this host’s')
      : notMeasured(
          'clock',
          'MUPDATE tells no time',
          'chronyc tracking on both hosts; runs need one clock alone, logs of several hosts are compared by theirs',
        ),
  ]
}

function noop(times: Times): Check {
  if (times.unanswered === times.count && times.max >= SLOW_US)
    return failed('NOOP', `not answered in ${formatDurationUs(times.max)}`, STUCK)
  if (times.unanswered > 0) return warning('NOOP', `${timesText(times)}; one was not answered`, STUCK)
  if (times.max < SLOW_US) return ok('NOOP', timesText(times))
  return warning(
    'NOOP',
    timesText(times),
    'the master or the way to it is busy: see its CPU; frontends whose NOOPs wait for mupdate_retry_delay drop it',
  )
}

/** FIND takes the lock for one look (imap/mupdate.c cmd_find); NOOP of a connection that does not stream does not. */
function lock(finds: Times, noops: Times): Check {
  const said = `a FIND, which takes the lock, ${timesText(finds)}`
  const isHeld = finds.unanswered > 0 || (finds.max > HELD_US && finds.max > HELD_TIMES * noops.p99)
  if (!isHeld) return ok('lock', said)
  return warning(
    'lock',
    `${said}: something held the lock, most likely a list that is being read`,
    'see the frontends’ logs for “scarfing mailbox list”, or: mupdate-bench diagnose /var/log/mail.log*',
  )
}

function timesText({ count, p50, p99, max, unanswered }: Times): string {
  const worst = `${unanswered > 0 ? '≥' : ''}${formatDurationUs(max)}`
  if (count === 1) return worst
  const tail = count >= 100 ? `p99 ${formatDurationUs(p99)}, ` : ''
  return `p50 ${formatDurationUs(p50)}, ${tail}max ${worst} (of ${formatCount(count)})`
}
