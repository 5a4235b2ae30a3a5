import { formatCount, formatDurationUs } from '../core/units.js'
import type { DoctorFacts, TlsSeen } from '../metrics/doctor-result.js'
import { type Check, failed, ok, warning } from './check.js'

type Established = Extract<TlsSeen, { kind: 'established' }>

/** A certificate that ends sooner is told. */
const SOON_DAYS = 30

const OLD = ['TLSv1', 'TLSv1.1', 'SSLv3']

/** @param isAsked it is what runs would use; else it is only looked at, and what is wrong stops nobody */
export function tlsChecks(tls: TlsSeen, target: DoctorFacts['target'], isAsked: boolean): Check[] {
  const bad = isAsked ? failed : warning
  if (tls.kind === 'failed')
    return [
      bad(
        'handshake',
        tls.mode === 'starttls'
          ? `STARTTLS is there, and no TLS comes of it: ${tls.detail}`
          : `no TLS from the start: ${tls.detail}`,
        tls.remedy,
      ),
    ]
  const badIfVerified = target.verifies ? bad : warning
  return [handshake(tls), certificate(tls, badIfVerified), ...trust(tls, target.verifies, badIfVerified)]
}

function nameOf(mode: TlsSeen['mode']): string {
  return mode === 'starttls' ? 'STARTTLS' : 'TLS from the start'
}

function handshake({ mode, protocol, cipher, ms }: Established): Check {
  const said = `${nameOf(mode)}: ${protocol}, ${cipher}, in ${formatDurationUs(ms * 1e3)}`
  if (!OLD.includes(protocol)) return ok('handshake', said)
  return warning('handshake', said, 'let the master have TLS 1.2 and 1.3: tls_versions in its imapd.conf')
}

function certificate({ certificate }: Established, bad: typeof failed): Check {
  if (certificate === null)
    return bad('certificate', 'none was shown: anybody could be the master', 'set tls_server_cert and tls_server_key')
  const { names, issuer, validTo, daysLeft } = certificate
  const said = `for ${names.join(', ') || 'nobody'}, by ${issuer}, until ${validTo.slice(0, 10)}`
  const left = Math.floor(daysLeft)
  if (left < 0) return bad('certificate', `${said}: over for ${days(-left)}`, 'renew it')
  return left < SOON_DAYS
    ? warning('certificate', `${said}: ${days(left)} left`, 'renew it')
    : ok('certificate', `${said}: ${days(left)} left`)
}

function trust({ certificate, distrust, name }: Established, verifies: boolean, bad: typeof failed): Check[] {
  if (certificate === null) return []
  if (distrust === null)
    return verifies
      ? [ok('trust', `verified, and for ${name}`)]
      : [
          warning(
            'trust',
            `runs do not verify it, as you asked, and could: it is for ${name}`,
            'leave out --tls-no-verify',
          ),
        ]
  const [why, remedy] = reasonOf(distrust, certificate.names, name)
  return [bad('trust', `not verified${verifies ? '' : ', as you asked'}: ${why}`, remedy)]
}

function days(count: number): string {
  return `${formatCount(count)} day${count === 1 ? '' : 's'}`
}

/** Codes of OpenSSL's X509_verify_cert_error and of Node's tls.checkServerIdentity. */
function reasonOf(code: string, names: readonly string[], name: string): [why: string, remedy: string] {
  switch (code) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return ['it has signed itself', 'give it as an authority: --tls-ca FILE']
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return [
        'this host does not know the authority, or the master does not send the chain',
        'give the authority’s certificate: --tls-ca FILE; let tls_server_cert hold the whole chain',
      ]
    case 'CERT_HAS_EXPIRED':
      return ['it has expired', 'renew it']
    case 'CERT_NOT_YET_VALID':
      return ['it is not valid yet', 'look at the clocks of both hosts']
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return [
        `it is not for ${name}, but for ${names.join(', ') || 'nobody'}`,
        'reach the master by a name of its certificate, or say which is meant: --tls-name NAME',
      ]
    default:
      return [code, 'openssl verify says more of it']
  }
}
