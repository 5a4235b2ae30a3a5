import type { CyrusPlan } from '../../../src/masters/cyrus/plan.js'

export const PLAN: CyrusPlan = {
  directory: '/dev/shm/mupdate-bench-cyrus-1',
  role: 'master',
  port: 4711,
  user: 'murder',
  password: 'hunter2',
  account: { name: 'cyrus', uid: 103, gid: 8, drop: true },
  binaries: {
    master: '/usr/lib/cyrus/bin/master',
    mupdate: '/usr/lib/cyrus/bin/mupdate',
    ctlCyrusdb: '/usr/lib/cyrus/bin/ctl_cyrusdb',
    saslpasswd2: '/usr/sbin/saslpasswd2',
    libraryDirectories: [],
  },
  settings: { mupdate_connections_max: '900' },
  maxDescriptors: 4096,
}
