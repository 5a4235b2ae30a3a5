import type { DoctorCheck, DoctorFacts, DoctorResult } from '../metrics/doctor-result.js'
import { bannerChecks, dangerChecks, isSlave } from './banner.js'
import type { Check } from './check.js'
import { hostChecks } from './host.js'
import { latencyChecks } from './latency.js'
import { limitChecks } from './limits.js'
import { loginChecks } from './login.js'
import { portChecks } from './port.js'
import { commandsFor, runChecks } from './run-needs.js'
import { tlsChecks } from './tls.js'

/** What the facts come to, in the order in which one asks. Of what is no master nothing is told but that it is none. */
export function examine(facts: DoctorFacts): Pick<DoctorResult, 'verdict' | 'checks' | 'commands'> {
  const checks = [...grouped('port', portChecks(facts)), ...masterChecks(facts)]
  return { verdict: gravest(checks), checks, commands: commandsFor(facts) }
}

function masterChecks(facts: DoctorFacts): DoctorCheck[] {
  const { answer, target, tls } = facts
  const tlsSeen = tls === null ? [] : grouped('TLS', tlsChecks(tls, target, usesTls(target)))
  if (answer.kind !== 'mupdate') return tlsSeen
  const ofAnswer = [...grouped('offers', bannerChecks(answer.banner, target)), ...tlsSeen]
  // Runs ask its master.
  if (isSlave(answer.banner)) return ofAnswer
  return [
    ...ofAnswer,
    ...grouped('login', loginChecks(facts)),
    ...grouped('latency', latencyChecks(facts)),
    ...grouped('limits', limitChecks(facts)),
    ...grouped('known', dangerChecks(answer.banner)),
    ...grouped('this host', hostChecks(facts)),
    ...grouped('a run', runChecks(facts)),
  ]
}

function grouped(group: string, checks: readonly Check[]): DoctorCheck[] {
  return checks.map(check => ({ group, ...check }))
}

function gravest(checks: readonly DoctorCheck[]): DoctorResult['verdict'] {
  const has = (mark: DoctorCheck['mark']) => checks.some(check => check.mark === mark)
  return has('failed') ? 'failed' : has('warning') ? 'warning' : 'ok'
}

/** Runs use it, so that what is wrong with it fails them; else it is only looked at. */
function usesTls({ tls, isLoopback }: DoctorFacts['target']): boolean {
  return tls === null ? !isLoopback : tls !== 'off'
}
