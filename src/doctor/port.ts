import { formatCount, formatDurationUs } from '../core/units.js'
import type { DoctorFacts, Times } from '../metrics/doctor-result.js'
import { type Banner, masterOf } from './banner.js'
import { type Check, failed, ok } from './check.js'

const NO_MASTER = 'give the port of a MUPDATE master (usually 3905)'

/** From the name to who answers; the rest needs a master. */
export function portChecks({ target, addresses, connectUs, answer }: DoctorFacts): Check[] {
  if (answer.kind === 'unresolved') return [failed('address', answer.detail, 'check the name and the resolver')]
  const others = addresses.filter(address => address !== target.host)
  const address = ok('address', others.length === 0 ? target.host : `${target.host} is ${others.join(', ')}`)
  if (answer.kind === 'closed') return [address, failed('port', answer.detail, answer.remedy)]
  const took = connectUs === null ? '' : `; ${connections(connectUs)}`
  return [address, ok('port', `${target.port} is open${took}`), whoAnswers(answer)]
}

function connections({ count, p50, max }: Times): string {
  return count === 1
    ? `a connection took ${formatDurationUs(p50)}`
    : `${formatCount(count)} connections took ${formatDurationUs(p50)} (median), ${formatDurationUs(max)} at most`
}

type Contact = Exclude<DoctorFacts['answer'], { kind: 'unresolved' | 'closed' }>

function whoAnswers(answer: Contact): Check {
  switch (answer.kind) {
    case 'mupdate':
      return role(answer.banner)
    case 'bye':
      return failed(
        'answers',
        `a master that turns connections away: BYE ${JSON.stringify(answer.text)}`,
        'it may be at its mupdate_connections_max: look at “Server too busy” in its log',
      )
    case 'tls':
      return failed(
        'answers',
        `nothing but TLS is spoken there; within it is ${answer.inside}`,
        answer.inside.includes('MUPDATE') ? 'write mupdates:// in place of mupdate://' : NO_MASTER,
      )
    case 'silent':
      return failed(
        'answers',
        `nobody: it took the connection and said nothing in ${formatDurationUs(answer.waitedMs * 1e3)}, neither to a command nor to TLS`,
        'if it is a MUPDATE master, all its workers (mupdate_workers_max) are kept by slaves or lists: look at its threads; else give the master’s port (usually 3905)',
      )
    case 'hungUp':
      return failed(
        'answers',
        'it closes each connection without a word, and speaks no TLS either',
        'a firewall or tcp_wrappers (/etc/hosts.deny) does so, and a port that is no MUPDATE master’s: look at the log there',
      )
    case 'other':
      return failed('answers', `${answer.what}, no MUPDATE master: ${JSON.stringify(answer.line)}`, NO_MASTER)
  }
}

function role({ host, product, version, role }: Banner): Check {
  const who = `${product} ${version} on ${JSON.stringify(host)}`
  const master = masterOf(role)
  if (master === undefined) return ok('answers', `a MUPDATE master: ${who}`)
  return failed(
    'answers',
    `a slave, no master: ${who}; its master is ${master}`,
    `ask that one: mupdate://USER@${master}`,
  )
}
