import { formatDurationUs } from '../core/units.js'
import type { DoctorFacts } from '../metrics/doctor-result.js'
import { type Check, failed, notMeasured, ok, warning } from './check.js'

/** What is sent so can be read by whoever is on the way. */
const CLEAR = ['PLAIN', 'LOGIN']
/** Cyrus's failedloginpause is 3 s; whoever answers sooner has none. */
const PAUSE_MS = 500

export function loginChecks({ login, target }: DoctorFacts): Check[] {
  if (login.kind === 'notTried') return [notMeasured('login', `not tried: ${login.why}`, login.remedy)]
  if (login.kind === 'refused') return [refused(login)]
  const said = `as ${target.user} by ${login.mechanism}, in ${formatDurationUs(login.ms * 1e3)} with connection and banner`
  if (!CLEAR.includes(login.mechanism) || login.isEncrypted || target.isLoopback) return [ok('login', said)]
  return [
    warning(
      'login',
      `${said}: the password crossed the network in clear`,
      'change it; then use TLS, or --mechanism SCRAM-SHA-256, which does not send it',
    ),
  ]
}

function refused({ code, detail, remedy, ms }: Extract<DoctorFacts['login'], { kind: 'refused' }>): Check {
  const pause =
    code === 'AUTH_FAILED' && ms > PAUSE_MS
      ? `; it took ${formatDurationUs(ms * 1e3)} to say so: failedloginpause, in which one of its workers sleeps`
      : ''
  return failed('login', `${detail}${pause}`, remedy)
}
