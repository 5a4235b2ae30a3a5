import type { DoctorCheck, DoctorFacts, Times } from '../../src/metrics/doctor-result.js'
import { examine } from '../../src/doctor/examine.js'

export function times(p50: number, max: number, unanswered = 0): Times {
  return { count: 200, p50, p99: max * 0.9, max, unanswered }
}

type Mupdate = Extract<DoctorFacts['answer'], { kind: 'mupdate' }>

export function banner(changes: Partial<Mupdate['banner']> = {}): Mupdate {
  const capabilities = { AUTH: ['SCRAM-SHA-256', 'PLAIN'], COMPRESS: ['DEFLATE'], 'PARTIAL-UPDATE': [] }
  const cyrus = { host: 'mup', product: 'Cyrus IMAP', version: '3.6.1', role: '(master)', capabilities }
  return { kind: 'mupdate', banner: { ...cyrus, ...changes } }
}

/** A Cyrus on another host of which all is well; it can be nobody's fault but the version's. */
export const WELL: DoctorFacts = {
  target: {
    kind: 'remote',
    host: 'mup.example.com',
    port: 3905,
    user: 'murder',
    isHere: false,
    isLoopback: false,
    tls: null,
    verifies: true,
    words: ['--allow-load mup.example.com', '--allow-mutations mup.example.com'],
    reach: 'mupdate://murder@mup.example.com:3905',
  },
  addresses: ['192.0.2.7'],
  connectUs: times(200, 400),
  bannerUs: times(300, 500),
  answer: banner(),
  tls: null,
  login: { kind: 'done', ms: 4, mechanism: 'SCRAM-SHA-256', isEncrypted: false },
  noopUs: times(90, 300),
  findUs: times(95, 320),
  local: null,
  host: { descriptors: 20, maxDescriptors: 20_000, cpus: 8, cpuLimitCores: null, ports: 28_232, portsUsed: 3 },
  list: null,
  listFailed: null,
}

export function checkOf(facts: DoctorFacts, group: string, name: string): DoctorCheck | undefined {
  return examine(facts).checks.find(check => check.group === group && check.name === name)
}
