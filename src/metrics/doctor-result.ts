import { z } from 'zod'

/** `failed`: a run cannot work so. */
export const MARKS = ['ok', 'warning', 'failed', 'notMeasured'] as const

const times = z
  .strictObject({
    count: z.int(),
    p50: z.number(),
    p99: z.number(),
    max: z.number(),
    unanswered: z.int().describe('given up after the time waited, which is among the others as a lower bound'),
  })
  .describe('µs')

const banner = z.strictObject({
  host: z.string(),
  product: z.string(),
  version: z.string(),
  role: z.string().describe('(master), or mupdate://MASTER of a slave'),
  capabilities: z
    .record(z.string(), z.array(z.string()))
    .describe('AUTH with its mechanisms, STARTTLS, COMPRESS, PARTIAL-UPDATE'),
})

const answer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('unresolved'), detail: z.string() }),
  z.strictObject({ kind: z.literal('closed'), detail: z.string(), remedy: z.string() }),
  z.strictObject({ kind: z.literal('silent'), waitedMs: z.number() }),
  z.strictObject({ kind: z.literal('hungUp') }).describe('closed the connection without a word'),
  z.strictObject({ kind: z.literal('bye'), text: z.string() }),
  z.strictObject({ kind: z.literal('mupdate'), banner }),
  z.strictObject({ kind: z.literal('tls'), inside: z.string() }).describe('speaks nothing but TLS; who is inside'),
  z.strictObject({ kind: z.literal('other'), what: z.string(), line: z.string() }),
])

const tls = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('established'),
    mode: z.enum(['starttls', 'implicit']),
    ms: z.number(),
    protocol: z.string(),
    cipher: z.string(),
    certificate: z
      .strictObject({
        names: z.array(z.string()),
        issuer: z.string(),
        validTo: z.string().describe('ISO 8601'),
        daysLeft: z.number(),
      })
      .nullable(),
    name: z.string().describe('what the certificate had to be for'),
    distrust: z.string().nullable().describe('why it is not to be trusted, as OpenSSL and Node say it; null if it is'),
    mechanisms: z.array(z.string()).describe('SASL mechanisms that are offered within'),
  }),
  z.strictObject({
    kind: z.literal('failed'),
    mode: z.enum(['starttls', 'implicit']),
    detail: z.string(),
    remedy: z.string(),
  }),
])

const login = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('done'),
    ms: z.number().describe('TCP, TLS if any, banner and SASL together'),
    mechanism: z.string(),
    isEncrypted: z.boolean(),
  }),
  z.strictObject({
    kind: z.literal('refused'),
    ms: z.number(),
    code: z.string(),
    detail: z.string(),
    remedy: z.string(),
  }),
  z.strictObject({ kind: z.literal('notTried'), why: z.string(), remedy: z.string().nullable() }),
])

const setting = z.strictObject({ value: z.int(), from: z.string() }).nullable()

const local = z
  .strictObject({
    pid: z.int(),
    program: z.string(),
    isAssumed: z.boolean().describe('found by the port in its cyrus.conf: its descriptors may not be looked into'),
    threads: z.int().nullable(),
    connections: z.int().nullable(),
    descriptors: z.int().nullable().describe('open now'),
    maxDescriptors: z.int().nullable(),
    settings: z.strictObject({ workersMax: setting, connectionsMax: setting, unread: z.string().nullable() }),
    database: z
      .strictObject({ type: z.string().nullable(), directory: z.string(), place: z.enum(['tmpfs', 'disk']) })
      .nullable(),
  })
  .describe('the master’s process, where it is on this host and can be found')

const facts = z.strictObject({
  target: z.strictObject({
    kind: z.enum(['embedded', 'model', 'cyrus', 'remote']),
    host: z.string(),
    port: z.int(),
    user: z.string(),
    isHere: z.boolean().describe('the address is one of this host’s'),
    isLoopback: z.boolean(),
    tls: z
      .enum(['starttls', 'implicit', 'off'])
      .nullable()
      .describe('as it was asked for; null: STARTTLS where another host offers it'),
    verifies: z.boolean().describe('false: whoever answers is believed, as --tls-no-verify has it'),
    words: z.array(z.string()).describe('without which a run may not load it'),
    reach: z.string().describe('for --master, with the options that lead there'),
  }),
  addresses: z.array(z.string()),
  connectUs: times.nullable(),
  bannerUs: times.nullable().describe('from the connection to the end of the banner'),
  answer,
  tls: tls.nullable(),
  login,
  noopUs: times.nullable(),
  findUs: times.nullable().describe('of a name that does not exist: it takes the lock for a moment'),
  local: local.nullable(),
  host: z.strictObject({
    descriptors: z.int().nullable(),
    maxDescriptors: z.int().nullable(),
    cpus: z.int(),
    cpuLimitCores: z.number().nullable(),
    ports: z.int().nullable().describe('local ports that connections may have'),
    portsUsed: z.int().nullable().describe('of them, towards the master’s port'),
  }),
  list: z
    .strictObject({
      mailboxes: z.int(),
      reserved: z.int(),
      bytes: z.int(),
      firstMs: z.number().describe('until its first record: it waits for lists that are being read'),
      ms: z.number(),
      servers: z.record(z.string(), z.int()).describe('mailboxes of each'),
    })
    .nullable()
    .describe('with --dump: the whole list, as a slave reads it'),
  listFailed: z
    .strictObject({ detail: z.string(), remedy: z.string() })
    .nullable()
    .describe('why there is none, though it was asked for'),
})

/** What `doctor --json` prints; its JSON Schema is `docs/doctor.schema.json`. */
export const doctorResultSchema = z.strictObject({
  schema: z.literal('mupdate-bench/doctor/1'),
  harnessVersion: z.string(),
  startedAt: z.string().describe('UTC, ISO 8601'),
  seconds: z.number(),
  verdict: z.enum(['ok', 'warning', 'failed']).describe('the gravest mark of a check'),
  checks: z.array(
    z.strictObject({
      group: z.string(),
      name: z.string(),
      mark: z.enum(MARKS),
      said: z.string(),
      remedy: z.string().nullable().describe('what to do about it'),
    }),
  ),
  commands: z.array(z.string()).describe('to go on with'),
  facts,
})

export type DoctorResult = z.infer<typeof doctorResultSchema>
export type DoctorFacts = DoctorResult['facts']
export type DoctorCheck = DoctorResult['checks'][number]
export type Times = z.infer<typeof times>
export type Answer = z.infer<typeof answer>
export type TlsSeen = z.infer<typeof tls>
export type LocalMaster = z.infer<typeof local>
