import { describe, expect, it } from 'vitest'
import { checkSettings, cyrusConf, imapdConf } from '../../../src/masters/cyrus/config.js'
import { PLAN } from './plan-example.js'

describe('imapdConf', () => {
  it('holds what the master needs, and not the password', () => {
    expect(imapdConf(PLAN)).toBe(
      `allowplaintext: yes
sasl_mech_list: PLAIN DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256
mupdate_connections_max: 900
configdirectory: /dev/shm/mupdate-bench-cyrus-1/conf
partition-default: /dev/shm/mupdate-bench-cyrus-1/part
defaultpartition: default
proc_path: /dev/shm/mupdate-bench-cyrus-1/conf/proc
mboxname_lockpath: /dev/shm/mupdate-bench-cyrus-1/conf/lock
servername: bench
admins: murder
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: /dev/shm/mupdate-bench-cyrus-1/conf/sasldb2
syslog_prefix: mupdate-bench
`,
    )
  })

  it('lets settings replace what is ours to change', () => {
    const text = imapdConf({ ...PLAN, settings: { sasl_mech_list: 'PLAIN', mupdate_workers_max: '1200' } })
    expect(text).toContain('sasl_mech_list: PLAIN\n')
    expect(text).toContain('mupdate_workers_max: 1200\n')
  })
})

describe('checkSettings', () => {
  it.each([
    ['a line break', { mupdate_workers_max: '50\nadmins: root' }, 'not a line of imapd.conf'],
    ['a key that is none', { 'admins: root\nx': '1' }, 'not a line of imapd.conf'],
    ['an empty value', { mupdate_workers_max: ' ' }, 'not a line of imapd.conf'],
    ["the harness's own", { configdirectory: '/var/lib/cyrus' }, 'set by the harness'],
  ])('refuses %s', (_, settings, message) => {
    expect(() => checkSettings(settings)).toThrow(message)
  })
})

describe('cyrusConf', () => {
  it('starts recovery, one mupdate as master on loopback, and checkpoints', () => {
    expect(cyrusConf(PLAN)).toBe(
      `START {
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C /dev/shm/mupdate-bench-cyrus-1/imapd.conf -r"
}

SERVICES {
  mupdate cmd="/usr/lib/cyrus/bin/mupdate -C /dev/shm/mupdate-bench-cyrus-1/imapd.conf -m" listen="127.0.0.1:4711" prefork=1 maxfds=4096
}

EVENTS {
  checkpoint cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C /dev/shm/mupdate-bench-cyrus-1/imapd.conf -c" period=30
}

`,
    )
  })

  it('starts mupdate as a slave where that is asked for', () => {
    const slave = cyrusConf({ ...PLAN, role: 'slave' })
    expect(slave).toBe(cyrusConf(PLAN).replace(' -m"', '"'))
    expect(slave).not.toContain(' -m')
  })

  it('starts imapd where a backend is asked for', () => {
    const backend = cyrusConf({ ...PLAN, role: 'backend' })
    expect(backend).toContain(
      '  imap cmd="/usr/lib/cyrus/bin/imapd -C /dev/shm/mupdate-bench-cyrus-1/imapd.conf" listen=',
    )
    expect(backend).not.toContain('mupdate cmd')
  })

  it('refuses a path that Cyrus would split', () => {
    expect(() => cyrusConf({ ...PLAN, directory: '/tmp/my runs/x' })).toThrow('cannot stand in cyrus.conf')
  })
})
