import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { agentCommand } from '../src/cli/agent.js'
import { parseMaster } from '../src/cli/choose-master.js'
import { runCommand } from '../src/cli/run.js'
import { packageRoot, packageVersion } from '../src/core/package-root.js'
import { loadProfile } from '../src/profile/load.js'

const read = (path: string) => readFileSync(join(packageRoot(), path), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-deploy-'))
afterAll(() => rmSync(folder, { recursive: true }))

const COMMANDS: Readonly<Record<string, () => Command>> = { agent: agentCommand, run: runCommand }
/** That no option is named after. */
const FROM_ENVIRONMENT = ['NATS_PASSWORD', 'MUPDATE_BENCH_PASSWORD']

/** What a command line of ours comes to, without running it. @throws when the command does not have such options */
function parsed([name, ...words]: readonly string[]): { flags: Record<string, unknown>; args: readonly string[] } {
  const command = COMMANDS[name!]!().exitOverride()
  command.configureOutput({ writeErr: () => {} }).action(() => {})
  command.parse(words, { from: 'user' })
  return { flags: command.opts(), args: command.args }
}

function environmentOf(command: Command): (string | undefined)[] {
  return [...command.options.map(({ envVar }) => envVar), ...FROM_ENVIRONMENT]
}

describe('deploy/mupdate-bench-agent.service', () => {
  const unit = read('deploy/mupdate-bench-agent.service')
  const settings = new Map(
    [...read('deploy/mupdate-bench-agent.env').matchAll(/^#?([A-Z_]+)=(.*)$/gm)].map(([, key, value]) => [
      key!,
      value!,
    ]),
  )
  const [, line] = /^ExecStart=\/usr\/bin\/env mupdate-bench (.*)$/m.exec(unit)!

  it('starts a command that we have, with options that it has', () => {
    const words = line!
      .replace('$AGENT_OPTIONS', settings.get('AGENT_OPTIONS')!)
      .replaceAll('%S', '/var/lib')
      .split(' ')
    expect(words[0]).toBe('agent')
    expect(parsed(words).flags).toMatchObject({
      spool: '/var/lib/mupdate-bench-agent',
      capacity: 1,
      allowMaster: ['staging.example.com:3905'],
    })
  })

  it('has an environment that the command reads', () => {
    for (const name of settings.keys())
      if (name !== 'AGENT_OPTIONS') expect(environmentOf(agentCommand())).toContain(name)
  })

  it.runIf(existsSync('/usr/bin/systemd-analyze'))('is taken by systemd', () => {
    const path = join(packageRoot(), 'deploy/mupdate-bench-agent.service')
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' })
    expect(status, stderr).toBe(0)
    expect(stderr).toBe('')
  })
})

interface Resource {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: { readonly replicas?: number; readonly template?: { readonly spec: Pod } }
}
interface Pod {
  readonly containers: readonly Container[]
  readonly volumes: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[]
}
interface Container {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly args: readonly string[]
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[]
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
}

describe('deploy/kubernetes.yaml', () => {
  const documents = parseAllDocuments(read('deploy/kubernetes.yaml'))
  const resources = documents.map(document => document.toJS() as Resource)
  const of = (kind: string, name: string) =>
    resources.find(resource => resource.kind === kind && resource.metadata.name === name)!
  const pods = resources.flatMap(({ spec }) => spec?.template?.spec ?? [])
  const ours = pods.flatMap(({ containers }) => containers).filter(({ command }) => command?.[0] === 'mupdate-bench')
  const container = (name: string) => ours.find(candidate => candidate.name === name)!

  it('can be read, and has NATS, agents and a run', () => {
    for (const { errors, warnings } of documents) expect([...errors, ...warnings]).toEqual([])
    expect(resources.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'ConfigMap nats',
      'Deployment nats',
      'Service nats',
      'Deployment mupdate-bench-agent',
      'ConfigMap mupdate-bench-profile',
      'Job mupdate-bench-run',
    ])
  })

  it('starts commands that we have, with options and an environment that they have, of this version', () => {
    for (const { command, args, env, image } of ours) {
      expect(command).toEqual(['mupdate-bench'])
      expect(image).toMatch(new RegExp(`:${packageVersion().replaceAll('.', '\\.')}$`))
      parsed(args)
      for (const { name } of env) expect(environmentOf(COMMANDS[args[0]!]!())).toContain(name)
    }
    expect(read('deploy/kubernetes.yaml')).toContain(`mupdate-bench-${packageVersion()}.tgz`)
  })

  it('runs its profile with as many agents as there are, on a master that they may load, by the NATS that is there', () => {
    const { flags, args } = parsed(container('run').args)
    const agent = parsed(container('agent').args).flags
    expect(flags.agents).toBe(of('Deployment', 'mupdate-bench-agent').spec!.replicas)
    const master = parseMaster(String(flags.master))
    expect(master).toMatchObject({ kind: 'remote' })
    const { host, port } = (master as { address: { host: string; port: number } }).address
    expect(agent.allowMaster).toEqual([`${host}:${port}`])
    expect([flags.allowLoad, flags.allowMutations]).toEqual([[host], [host]])
    for (const { env } of ours) expect(env.find(({ name }) => name === 'NATS_URL')!.value).toBe('nats://nats:4222')

    const mount = container('run').volumeMounts.find(({ mountPath }) => args[0]!.startsWith(`${mountPath}/`))!
    const volume = pods.flatMap(({ volumes }) => volumes).find(({ name }) => name === mount.name)!
    const { data } = of('ConfigMap', volume.configMap!.name)
    const path = join(folder, 'profile.yaml')
    writeFileSync(path, data![args[0]!.slice(mount.mountPath.length + 1)]!)
    expect(loadProfile(path).slaves.count).toBeGreaterThan(0)
  })

  it.runIf(existsSync('/usr/sbin/nats-server'))(
    'has a configuration that nats-server takes, whatever the password',
    () => {
      const path = join(folder, 'nats.conf')
      writeFileSync(path, of('ConfigMap', 'nats').data!['nats.conf']!)
      const { env } = pods.flatMap(({ containers }) => containers).find(({ name }) => name === 'nats')!
      const template = env.find(({ name }) => name === 'NATS_PASSWORD')!.value!
      for (const secret of ['5f1e', '123456', '12e5', 'secret']) {
        const { status, stderr } = spawnSync('/usr/sbin/nats-server', ['-t', '-c', path], {
          encoding: 'utf8',
          env: { ...process.env, NATS_PASSWORD: template.replace('$(SECRET)', secret) },
        })
        expect(status, stderr).toBe(0)
      }
    },
  )
})
