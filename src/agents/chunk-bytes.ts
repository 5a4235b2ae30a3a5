import type { NatsConnection } from '@nats-io/transport-node'
import { CHUNK_BYTES } from './spool.js'

/** Of a chunk, beside its bytes. */
const CHUNK_HEAD_BYTES = 256

/** As much as the server takes in one message. */
export function chunkBytesOf({ info }: NatsConnection): number {
  return Math.min(CHUNK_BYTES, (info?.max_payload ?? Infinity) - CHUNK_HEAD_BYTES)
}
