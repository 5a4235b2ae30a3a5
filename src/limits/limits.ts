import { formatCount, formatDurationUs } from '../core/units.js'
import type { Calibration } from '../masters/model/calibration.js'
import type { ModelSettings } from '../masters/model/settings.js'
import { ROUND_NS } from '../masters/model/workers.js'
import { AXES, type Axis, type LimitCause } from '../metrics/capacity-result.js'
import { createLockUs, isOfDisk, listMs, medianOf } from './costs.js'
import type { Estimate } from './estimate.js'
import { tolerance } from './resyncs.js'
import { streamsByConnections, streamsByDescriptors, streamsByWorkers } from './workers.js'

export interface LimitInputs {
  readonly mailboxes: number
  readonly slaves: number
  readonly retryDelayMs: number
  readonly settings: ModelSettings
  readonly calibration: Calibration
  /** Lists that are fetched at once, where the axis is another; all slaves but one when absent. */
  readonly resyncs?: number
  /** Time of a list that was measured there; else the calibration's. */
  readonly listMs?: Estimate
  /** Where creates go on meanwhile. */
  readonly createsPerSecond?: number
  /** Changes stream to every slave all the time. */
  readonly changesStream?: boolean
  /** Connections beside the slaves' that are open, and need a worker, at the same time; 0 when absent. */
  readonly others?: number
  /** Each create opens a connection of its own, as backends' do. */
  readonly connectionPerCreate?: boolean
}

/** All is well up to `low`, and not beyond `high`; between them it depends on the moment, or on what is not known. */
export interface PredictedLimit {
  readonly axis: Axis
  readonly cause: LimitCause
  readonly low: number
  readonly high: number
  /** `2.00 s ÷ 0.57 s a list = 3 … 2 × 2.00 s ÷ 0.57 s = 7` */
  readonly arithmetic: string
}

/** A NOOP through listener and worker, and one whose client is faster (docs/architecture.md), µs; measured. */
const KICK_US = { slow: 65, fast: 17 }

/** Every limit that a formula gives, of every axis, the lowest first. */
export function predictedLimits(inputs: LimitInputs): PredictedLimit[] {
  const all = [
    resyncs(inputs),
    mailboxes(inputs),
    ...slaves(inputs),
    ...creates(inputs),
    kicks(),
    connections(inputs.calibration),
  ]
  return all
    .filter(limit => limit !== undefined)
    .toSorted((a, b) => AXES.indexOf(a.axis) - AXES.indexOf(b.axis) || a.low - b.low || a.high - b.high)
}

function resyncs(inputs: LimitInputs): PredictedLimit {
  const { retryDelayMs, changesStream } = inputs
  const { lowMs, highMs } = tolerance(retryDelayMs, changesStream)
  const list = inputs.listMs ?? listMs(inputs.calibration, inputs.mailboxes)
  const [low, high] = [Math.floor(lowMs / list.high), Math.floor(highMs / list.low)]
  const arithmetic = `${toleranceText(inputs, lowMs)} ÷ ${ms(list.high)} a list = ${low} … 2 × ${ms(retryDelayMs)} ÷ ${ms(list.low)} = ${high}`
  return { axis: 'resyncs', cause: 'mailboxes lock', low, high, arithmetic }
}

function mailboxes(inputs: LimitInputs): PredictedLimit | undefined {
  const { retryDelayMs, changesStream, calibration } = inputs
  const lists = inputs.resyncs ?? inputs.slaves - 1
  if (lists < 1 || inputs.mailboxes < 1) return undefined
  const { lowMs, highMs } = tolerance(retryDelayMs, changesStream)
  const list = inputs.listMs ?? listMs(calibration, inputs.mailboxes)
  const [slowUs, fastUs] = [list.high, list.low].map(listMs => (listMs * 1e3) / inputs.mailboxes)
  const low = Math.floor((lowMs * 1e3) / (lists * slowUs!))
  const high = Math.floor((highMs * 1e3) / (lists * fastUs!))
  const arithmetic = `${toleranceText(inputs, lowMs)} ÷ (${lists} lists × ${us(slowUs!)} a mailbox) = ${formatCount(low)} … 2 × ${ms(retryDelayMs)} ÷ (${lists} × ${us(fastUs!)}) = ${formatCount(high)}`
  return { axis: 'mailboxes', cause: 'mailboxes lock', low, high, arithmetic }
}

function slaves(inputs: LimitInputs): (PredictedLimit | undefined)[] {
  const { settings, others = 0 } = inputs
  const beside = others === 0 ? '' : ` − ${others} others`
  const workers = streamsByWorkers(settings.workersMax, others)
  const byConnections = streamsByConnections(settings.connectionsMax, others)
  return [
    {
      axis: 'slaves',
      cause: 'workers',
      ...workers,
      arithmetic: `mupdate_workers_max ${settings.workersMax} − 1 that listens${beside} = ${workers.low}, and one more if mupdate makes a thread more`,
    },
    {
      axis: 'slaves',
      cause: 'connections',
      low: byConnections,
      high: byConnections,
      arithmetic: `mupdate_connections_max ${settings.connectionsMax}${beside} = ${byConnections}`,
    },
    {
      axis: 'slaves',
      cause: 'descriptors',
      ...streamsByDescriptors(others),
      arithmetic: `mupdate dies at about 1,010 connections${beside}, whatever its settings`,
    },
    slavesByLock(inputs),
  ]
}

/** How many streams a rate of creates leaves room for: each change is noted and looked up for every one of them. */
function slavesByLock({ calibration, createsPerSecond }: LimitInputs): PredictedLimit | undefined {
  if (createsPerSecond === undefined || createsPerSecond <= 0) return undefined
  const [alone, withOne] = [createLockUs(calibration, 0), createLockUs(calibration, 1)]
  const budgetUs = 1e6 / createsPerSecond
  const room = (side: 'low' | 'high') =>
    Math.max(0, Math.floor((budgetUs - alone[side]) / (withOne[side] - alone[side])))
  const arithmetic = `(1 s ÷ ${createsPerSecond} creates − ${us(alone.likely)} each) ÷ ${us(withOne.likely - alone.likely)} for each slave = ${formatCount(room('high'))} … ${formatCount(room('low'))}`
  return { axis: 'slaves', cause: 'mailboxes lock', low: room('high'), high: room('low'), arithmetic }
}

function creates({ calibration, slaves: streams, connectionPerCreate }: LimitInputs): (PredictedLimit | undefined)[] {
  const cost = createLockUs(calibration, streams)
  const [low, high] = [Math.floor(1e6 / cost.high), Math.floor(1e6 / cost.low)]
  // Its costs are those of its database: on a disk nearly all of a change is fsync.
  const cause = isOfDisk(calibration) ? 'disk sync' : 'mailboxes lock'
  const arithmetic = `1 s ÷ ${us(cost.likely)} with the lock, ${streams} slaves to tell = ${formatCount(low)} … ${formatCount(high)}`
  const connected = connections(calibration)
  return [
    { axis: 'creates', cause, low, high, arithmetic },
    connectionPerCreate === true ? { ...connected, axis: 'creates' } : undefined,
  ]
}

function kicks(): PredictedLimit {
  const [low, high] = [Math.floor(1e6 / KICK_US.slow), Math.floor(1e6 / KICK_US.fast)]
  const arithmetic = `1 s ÷ ${KICK_US.slow} µs a NOOP through the listener = ${formatCount(low)} … 1 s ÷ ${KICK_US.fast} µs = ${formatCount(high)}`
  return { axis: 'kicks', cause: 'thread pegged', low, high, arithmetic }
}

/** The listener accepts one after the other; logins are the workers', which may have the same CPU. */
function connections({ costs }: Calibration): PredictedLimit {
  const [banner, login] = [medianOf(costs.banner), medianOf(costs.login)]
  const roundUs = ROUND_NS / 1e3
  const low = Math.floor(1e6 / (roundUs + banner.high + login.high))
  const high = Math.floor(1e6 / (roundUs + banner.low))
  const arithmetic = `1 s ÷ (${us(roundUs + banner.high)} to accept + ${us(login.high)} to log in) = ${formatCount(low)} … 1 s ÷ ${us(roundUs + banner.low)} = ${formatCount(high)}`
  return { axis: 'connections', cause: 'thread pegged', low, high, arithmetic }
}

function toleranceText({ retryDelayMs }: LimitInputs, lowMs: number): string {
  return lowMs === retryDelayMs ? ms(retryDelayMs) : `(2 × ${ms(retryDelayMs)} − 5 s)`
}

function ms(value: number): string {
  return formatDurationUs(value * 1e3)
}

function us(value: number): string {
  return formatDurationUs(value)
}
