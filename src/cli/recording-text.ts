import { wrap } from '../core/text-width.js'
import { formatBytes, formatCount, formatDurationUs } from '../core/units.js'
import { summarise } from '../metrics/latency.js'
import type { RecordingProxy } from '../recording/recording-proxy.js'

const COLUMNS = 80

export function recordingText(
  { tally, residence }: Pick<RecordingProxy, 'tally' | 'residence'>,
  seconds: number,
  path: string,
): string {
  const { connections, unreachable, looped, blinded, messages, records, waited, undecodedBytes, bytes } = tally
  const stay = summarise(residence, Infinity)
  const sentences = [
    `${counted(connections, 'connection')} in ${formatDurationUs(seconds * 1e6)}: ${counted(messages, 'message')} and ${counted(records, 'record')} of lists, ${formatBytes(bytes.client)} from clients and ${formatBytes(bytes.master)} from the master; in ${path}`,
    stay === undefined
      ? 'no message has passed'
      : `a message stayed here for ${formatDurationUs(stay.p50)} (median), ${formatDurationUs(stay.p99)} (p99), ${formatDurationUs(stay.max)} at most, from when its last byte was read until it was handed on`,
    ...(waited > 0
      ? [`${counted(waited, 'message')} had to wait until the other side read, and is not among these`]
      : []),
    ...(unreachable > 0 ? [`for ${counted(unreachable, 'connection')} the master could not be reached`] : []),
    ...(looped > 0 ? [`${counted(looped, 'connection')} of the recorder's own came back to it, and were ended`] : []),
    ...(blinded > 0
      ? [`${counted(blinded, 'connection')} had to be ended, for STARTTLS or COMPRESS may have been asked for unseen`]
      : []),
    ...(undecodedBytes > 0
      ? [`${formatBytes(undecodedBytes)} could not be decoded, and were passed on all the same`]
      : []),
  ]
  return `${sentences.flatMap(sentence => wrap(sentence, COLUMNS)).join('\n')}\n`
}

function counted(count: number, one: string): string {
  return `${formatCount(count)} ${count === 1 ? one : `${one}s`}`
}
