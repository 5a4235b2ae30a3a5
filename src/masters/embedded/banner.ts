import type { CoreOptions } from './core.js'
import { dialectOf } from './dialect.js'
import type { Peer } from './peer.js'

/** What it offers to this client as things are, and who it is (imap/mupdate.c dobanner). */
export function banner(options: CoreOptions, { secured, compressed, shown }: Peer): string {
  const { hostname, version, dialect, mechanisms, tls, compress } = options
  // EXTERNAL is for those whom a certificate names.
  const usable = mechanisms.filter(mechanism => mechanism !== 'EXTERNAL' || shown !== undefined)
  const auth = ['* AUTH', ...usable.map(mechanism => `"${mechanism}"`)].join(' ')
  const starttls = tls !== undefined && !secured ? '* STARTTLS\r\n' : ''
  const deflate = compress === true && !compressed ? '* COMPRESS "DEFLATE"\r\n' : ''
  const { product, version: its } = dialect === undefined ? { product: 'mupdate-bench', version } : dialectOf(dialect)
  return `${auth}\r\n${starttls}${deflate}* PARTIAL-UPDATE\r\n* OK MUPDATE "${hostname}" "${product}" "${its}" "(master)"\r\n`
}
