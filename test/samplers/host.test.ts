import { describe, expect, it, onTestFinished } from 'vitest'
import { describeHost, HostSampler } from '../../src/samplers/host.js'
import { ProcDir } from './proc-dir.js'

describe('HostSampler', () => {
  it('shows steal and pressure between two looks', () => {
    const proc = new ProcDir()
    onTestFinished(() => proc.remove())
    let nowNs = 0
    const sampler = new HostSampler({ clock: { nowNs: () => nowNs }, procDir: proc.path })
    const look = (cpu: string, pressureUs?: number) => {
      proc.write('stat', `cpu  ${cpu} 0 0\nprocs_running 4\n`)
      if (pressureUs !== undefined) proc.write('pressure/cpu', `some avg10=0.00 total=${pressureUs}\n`)
    }
    look('0 0 0 0 0 0 0 0', 0)
    expect(sampler.sample()).toBeUndefined()
    nowNs = 1e9
    look('100 0 20 60 0 0 0 20', 250_000)
    expect(sampler.sample()).toMatchObject({
      busyCores: 1.2,
      stealShare: 0.1,
      idleShare: 0.3,
      pressureShare: 0.25,
      runnable: 4,
    })
    proc.remove('pressure')
    nowNs = 2e9
    look('100 0 20 160 0 0 0 20')
    const idle = sampler.sample()!
    expect(idle).toMatchObject({ busyCores: 0, stealShare: 0 })
    expect(idle).not.toHaveProperty('pressureShare')
  })

  it('has nothing to say without /proc', () => {
    const sampler = new HostSampler({ clock: { nowNs: () => 0 }, procDir: '/nowhere' })
    expect([sampler.sample(), sampler.sample()]).toEqual([undefined, undefined])
  })
})

describe('describeHost', () => {
  it('says what runs of different hosts differ by', () => {
    const host = describeHost()
    expect(host.cores).toBeGreaterThan(0)
    expect(host.memoryBytes).toBeGreaterThan(1e8)
    expect(host.cpuModel).not.toBe('')
    expect(host.kernel).toContain(process.platform)
    expect(host.node).toBe(process.version)
  })
})
