import { expect, it } from 'vitest'
import { parseTcpRows } from '../../src/samplers/tcp-table.js'

/** As proc(5) has them; a port's digits are hex. */
const TABLE = `\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 23456 1 0000000000000000 100 0 0 10 0
   1: 00000000000000000000000001000000:0F41 00000000000000000000000001000000:C350 01 00000000:00000000 00:00000000 00000000     0        0 23457 1
`

it('reads ports, states and inodes', () => {
  expect(parseTcpRows(TABLE)).toEqual([
    { localPort: 3905, remotePort: 0, state: '0A', inode: '23456' },
    { localPort: 3905, remotePort: 50_000, state: '01', inode: '23457' },
  ])
})
