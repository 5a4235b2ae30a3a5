import { expect, it } from 'vitest'
import { isBeside } from '../../src/agents/find-probe.js'
import type { ProbeHello } from '../../src/agents/probe-protocol.js'

const PROBE: ProbeHello = {
  id: '1',
  name: 'mx',
  host: 'mx',
  version: '1',
  bootId: 'there',
  port: 3906,
  addresses: ['mupdate.example.com:3905', 'mx:3906', '192.0.2.7:3906', '2001:db8::7:3906'],
  pid: 5,
}

it.each([
  { what: 'an address of its host', names: ['staging', '192.0.2.7'], port: 3906, is: true },
  { what: 'one of IPv6', names: ['2001:db8::7'], port: 3906, is: true },
  { what: 'its name', names: ['MX'], port: 3906, is: true },
  { what: 'what it was told to be called', names: ['mupdate.example.com'], port: 3905, is: true },
  { what: 'another port of its host', names: ['192.0.2.7'], port: 3905, is: false },
  { what: 'another host', names: ['192.0.2.8'], port: 3906, is: false },
  { what: 'loopback of the same host', names: ['127.0.0.1'], port: 3906, bootId: 'there', is: true },
  { what: 'loopback of another host', names: ['127.0.0.1'], port: 3906, bootId: 'here', is: false },
  { what: 'another port of the same host', names: ['127.0.0.1'], port: 3905, bootId: 'there', is: false },
])('a probe is beside the master at $what: $is', ({ names, port, bootId, is }) => {
  expect(isBeside(PROBE, { names, port, bootId })).toBe(is)
})
