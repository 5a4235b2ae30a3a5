import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { HarnessError } from './errors.js'

/** By their first bytes: what others have to unpack first, and how. */
const PACKED: readonly (readonly [magic: string, what: string, unpack: (path: string) => string])[] = [
  ['\xfd7zXZ', 'compressed by xz', path => `xzcat ${path}`],
  ['\x28\xb5\x2f\xfd', 'compressed by zstd', path => `zstdcat ${path}`],
  ['BZh', 'compressed by bzip2', path => `bzcat ${path}`],
  ['LPKSHHRH', 'a journal in systemd’s own format', path => `journalctl -o export --file=${path}`],
]
const GZIP = '\x1f\x8b'

/**
 * What is in a file, also where it is packed by gzip: by what is in it, not by its name.
 *
 * @param remedy of what is packed otherwise, from the command that unpacks it
 * @throws {HarnessError} `RESULTS` for that
 */
export async function* unpacked(
  chunks: AsyncIterable<Buffer>,
  path: string,
  remedy: (unpack: string) => string,
): AsyncGenerator<Buffer> {
  const iterator = chunks[Symbol.asyncIterator]()
  const first = await iterator.next()
  if (first.done === true) return
  const start = first.value.toString('latin1', 0, 8)
  const packed = PACKED.find(([magic]) => start.startsWith(magic))
  if (packed !== undefined) throw new HarnessError('RESULTS', `${path} is ${packed[1]}`, remedy(packed[2](path)))
  const all = async function* (): AsyncGenerator<Buffer> {
    try {
      yield first.value
      yield* { [Symbol.asyncIterator]: () => iterator }
    } finally {
      // Whoever has enough of it waits for no more.
      await iterator.return?.()
    }
  }
  // An error of either is thrown to who reads.
  if (start.startsWith(GZIP)) yield* pipeline(Readable.from(all()), createGunzip(), () => {}) as AsyncIterable<Buffer>
  else yield* all()
}
