import { randomBytes } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Credentials, MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import { HarnessError, messageOf } from '../core/errors.js'
import { type Banner, isCyrus, isSlave } from '../doctor/banner.js'
import { timesOf } from '../doctor/times.js'
import { listOnce } from '../drivers/list-once.js'
import { takePulse } from '../drivers/pulse.js'
import type { Answer, DoctorFacts } from '../metrics/doctor-result.js'
import type { Banner as BannerRead } from '../session/banner.js'
import { Client } from '../session/client.js'
import { type Contact, contact } from '../session/contact.js'
import { wantsStartTls } from '../session/negotiation.js'
import { tlsProbe } from '../session/tls-probe.js'
import { hostFacts } from './doctor-host.js'
import { localMaster } from './local-master.js'
import { isOwnAddress } from './own-addresses.js'
import type { Progress } from './progress.js'

export interface Patient {
  readonly target: Omit<DoctorFacts['target'], 'isHere' | 'host' | 'port'>
  readonly address: MasterAddress
  /** Undefined where no password is to be had; asked for when there is a master to log in to. */
  readonly credentials: () => Promise<Credentials | undefined>
  /** Of a master of our own. */
  readonly pid: number | undefined
  /** To read the whole list as well; undefined: it is not read. */
  readonly dumpLimitMs: number | undefined
  readonly clock: Clock
  readonly progress: Progress
}

/** All but a list, together; a port may be silent to each of them. */
const LIMIT_MS = 9_000
const LIMITS = { lookupMs: 2_000, connectMs: 3_000, silentMs: 1_250, tlsMs: 2_000, loginMs: 4_500, pulseMs: 2_500 }
const MORE_CONTACTS = 4
const PULSE = { noops: 200, gapMs: 5, findEvery: 20 }

/** Looks at a master; of what is none, no more than that. */
export async function gatherFacts(patient: Patient): Promise<DoctorFacts> {
  return new Examination(patient).facts()
}

type Facts = { -readonly [Key in keyof DoctorFacts]: DoctorFacts[Key] }

class Examination {
  private endNs: number

  constructor(private readonly patient: Patient) {
    this.endNs = patient.clock.nowNs() + LIMIT_MS * 1e6
  }

  async facts(): Promise<DoctorFacts> {
    const { address, pid, progress, target } = this.patient
    const { host, port } = address
    const found = await this.addresses()
    const isHere = found.addresses.some(isOwnAddress)
    const facts: Facts = {
      target: { ...target, host, port, isHere },
      addresses: found.addresses,
      connectUs: null,
      bannerUs: null,
      answer: found.failure ?? { kind: 'hungUp' },
      tls: null,
      login: { kind: 'notTried', why: 'there is no master to log in to', remedy: null },
      noopUs: null,
      findUs: null,
      local: isHere ? localMaster(port, pid, progress) : null,
      host: hostFacts(port),
      list: null,
      listFailed: null,
    }
    if (found.failure !== undefined) return facts
    progress.note('asking who is there')
    await this.meet(facts)
    if (facts.answer.kind !== 'mupdate') return facts
    if (facts.connectUs !== null) await this.meetAgain(facts)
    await this.lookAtStartTls(facts, facts.answer.banner)
    if (isSlave(facts.answer.banner))
      facts.login = { kind: 'notTried', why: 'it is a slave, which does not serve runs', remedy: null }
    else await this.logIn(facts, facts.answer.banner)
    return facts
  }

  /** What is left of the time, at most. */
  private within(limitMs: number): number {
    return Math.max(1, Math.min(limitMs, (this.endNs - this.patient.clock.nowNs()) / 1e6))
  }

  private async addresses(): Promise<{ addresses: string[]; failure?: Extract<Answer, { kind: 'unresolved' }> }> {
    const { host } = this.patient.address
    const slow = (detail: string) => ({ addresses: [], failure: { kind: 'unresolved' as const, detail } })
    const limitMs = this.within(LIMITS.lookupMs)
    const late = new AbortController()
    try {
      const all = await Promise.race([lookup(host, { all: true }), sleep(limitMs, undefined, { signal: late.signal })])
      if (all === undefined) return slow(`${host} was not looked up in ${limitMs / 1e3} s`)
      return { addresses: [...new Set(all.map(({ address }) => address))] }
    } catch (error) {
      return slow(`${host} has no address: ${messageOf(error)}`)
    } finally {
      late.abort()
    }
  }

  /** Sees who answers, in clear, and by TLS where it is offered or asked for. */
  private async meet(facts: Facts): Promise<void> {
    if (this.patient.address.tls?.mode === 'implicit') {
      const { seen, inside } = await this.probe('implicit')
      facts.tls = seen
      if (seen.kind === 'established') {
        facts.answer = inside ?? { kind: 'tls', inside: insideText(inside) }
        return
      }
    }
    const first = await this.contact()
    if (isClosed(first)) {
      facts.answer = first
      facts.tls = null
      return
    }
    facts.answer = first.answer
    facts.connectUs = timesOf([first.connectNs])
    facts.bannerUs = first.answer.kind === 'mupdate' ? timesOf([first.answerNs]) : null
    if (facts.tls !== null || !mayWantTls(first)) return
    const { seen, inside } = await this.probe('implicit')
    if (seen.kind === 'failed') return
    facts.tls = seen
    facts.answer = { kind: 'tls', inside: insideText(inside) }
  }

  /** Of itself only where it harms nobody; last, since a Cyrus may not outlive it. */
  private async lookAtStartTls(facts: Facts, banner: Banner): Promise<void> {
    const isOffered = banner.capabilities.STARTTLS !== undefined
    const isAsked = this.patient.address.tls?.mode === 'starttls'
    if (facts.tls === null && isOffered && (isAsked || !isCyrus(banner)))
      facts.tls = (await this.probe('starttls')).seen
  }

  private contact(): Promise<Contact | Closed> {
    const { address, clock } = this.patient
    const { connectMs, silentMs } = LIMITS
    const patience = { connectMs: this.within(connectMs), silentMs: this.within(silentMs) }
    return contact(address, clock, patience).catch(closed)
  }

  private probe(mode: 'starttls' | 'implicit') {
    const { address, clock } = this.patient
    return tlsProbe(address, mode, { clock, nowMs: Date.now(), limitMs: this.within(LIMITS.tlsMs) })
  }

  /** One connection says little of how long connections take. */
  private async meetAgain(facts: Facts): Promise<void> {
    const [connects, banners] = [facts.connectUs, facts.bannerUs].map(times =>
      times === null ? [] : [times.p50 * 1e3],
    )
    for (let i = 0; i < MORE_CONTACTS; i++) {
      const again = await this.contact()
      if (isClosed(again) || again.answer.kind !== 'mupdate') continue
      connects!.push(again.connectNs)
      banners!.push(again.answerNs)
    }
    facts.connectUs = timesOf(connects!)
    facts.bannerUs = timesOf(banners!)
  }

  private async logIn(facts: Facts, banner: Banner): Promise<void> {
    const { address, clock, progress, target } = this.patient
    const askedNs = clock.nowNs()
    const credentials = await this.patient.credentials()
    // Whoever types a password takes his time.
    this.endNs += clock.nowNs() - askedNs
    if (credentials === undefined) {
      const remedy =
        'set MUPDATE_BENCH_PASSWORD or give --password-file FILE; the user must be one of the master’s admins'
      facts.login = { kind: 'notTried', why: `there is no password of ${target.user}`, remedy }
      return
    }
    if (address.tls === undefined && isCyrus(banner) && wantsStartTls(address, credentials, asRead(banner), '')) {
      const why = 'runs would use STARTTLS here, which can kill it'
      const remedy = `if that is meant: --tls starttls --allow-load ${address.host}; else --tls off --allow-plaintext ${address.host}, or let it offer SCRAM`
      facts.login = { kind: 'notTried', why, remedy }
      return
    }
    progress.note('logging in')
    const startNs = clock.nowNs()
    try {
      const client = await Client.connect({ address, credentials, clock, timeoutMs: this.within(LIMITS.loginMs) })
      const ms = (clock.nowNs() - startNs) / 1e6
      facts.login = {
        kind: 'done',
        ms,
        mechanism: client.security.mechanism,
        isEncrypted: client.security.tls !== null,
      }
      await this.serve(client, facts)
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error
      const { code, message, hint } = error
      facts.login = { kind: 'refused', ms: (clock.nowNs() - startNs) / 1e6, code, detail: message, remedy: hint }
    }
  }

  private async serve(client: Client, facts: Facts): Promise<void> {
    const { clock, dumpLimitMs, progress } = this.patient
    try {
      progress.note('measuring NOOP and FIND')
      const name = `user.mupdbench-doctor-${randomBytes(6).toString('hex')}`
      const limitMs = this.within(LIMITS.pulseMs)
      const { noopNs, findNs, unanswered } = await takePulse(client, { ...PULSE, clock, name, limitMs })
      facts.noopUs = timesOf(noopNs, unanswered === 'NOOP' ? 1 : 0)
      facts.findUs = timesOf(findNs, unanswered === 'FIND' ? 1 : 0)
      if (dumpLimitMs !== undefined && unanswered === undefined) await this.list(client, facts, dumpLimitMs)
      else if (dumpLimitMs !== undefined) facts.listFailed = NOT_ASKED
    } finally {
      await client.logout(this.within(500))
    }
  }

  private async list(client: Client, facts: Facts, limitMs: number): Promise<void> {
    this.patient.progress.note('reading the whole list')
    try {
      facts.list = await listOnce(client, this.patient.clock, limitMs)
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error
      facts.listFailed = { detail: error.message, remedy: error.hint }
    }
  }
}

const NOT_ASKED = {
  detail: 'not asked for: the master did not answer what is far less',
  remedy: 'the master is stuck, or its lock is held: see its CPU and its log',
}

function asRead({ capabilities, ...banner }: Banner): BannerRead {
  return { ...banner, capabilities: new Map(Object.entries(capabilities)) }
}

/** It did not speak, or not until it was spoken to. */
function mayWantTls({ answer, wasSilent }: Contact): boolean {
  if (answer.kind === 'mupdate' || answer.kind === 'bye') return false
  return answer.kind !== 'other' || wasSilent || /TLS/.test(answer.what)
}

function insideText(inside: Contact['answer'] | undefined): string {
  switch (inside?.kind) {
    case 'mupdate':
      return 'a MUPDATE master'
    case 'bye':
      return 'a MUPDATE master that turns connections away'
    case 'other':
      return inside.what
    default:
      return 'somebody who says nothing'
  }
}

type Closed = Extract<Answer, { kind: 'closed' }>

function isClosed(met: Contact | Closed): met is Closed {
  return 'kind' in met
}

function closed(error: unknown): Closed {
  if (!(error instanceof HarnessError)) throw error
  return { kind: 'closed', detail: error.message, remedy: error.hint }
}
