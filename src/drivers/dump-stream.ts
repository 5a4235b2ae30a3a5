import { createReadStream } from 'node:fs'
import { unreadable } from '../core/given-files.js'
import { unpacked } from '../core/unpacked.js'

/** Bytes of a dump, also packed by gzip; `-` is standard input. @throws {HarnessError} `USAGE` */
export async function* dumpStream(path: string): AsyncGenerator<Buffer> {
  try {
    const bytes = path === '-' ? (process.stdin as AsyncIterable<Buffer>) : createReadStream(path)
    yield* unpacked(bytes, path, unpack => `${unpack} > dump.txt, and give that`)
  } catch (error) {
    throw unreadable(path, error)
  }
}
