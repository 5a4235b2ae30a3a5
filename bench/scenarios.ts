/** What the model is held against: none of these is what a calibration measures. */
export interface Scenario {
  readonly name: string
  readonly profile: string
  readonly sets: readonly string[]
  /** Where a storm begins; its onset counts from there. */
  readonly phase: string
  /** Few and short, for CI. */
  readonly quick?: true
}

/** The storm, whatever the profile has by now, without what only its summary needs: the shorter the real runs, the more of them. */
const restarted = (slaves: number) => `phases.3.events=[{at: 0s, do: restart, slaves: ${slaves}}]`
const STORM = ['phases.3.duration=20s', 'site.mailboxes=100000', 'slaves.count=20', restarted(10)]
const storm = (name: string, ...sets: string[]): Scenario => ({
  name,
  profile: 'resync-storm',
  sets: [...STORM, ...sets],
  phase: 'storm',
})

/** On a quick machine lists of 100,000 are too short for a storm: those of 250,000 are there for it. */
export const SCENARIOS: readonly Scenario[] = [
  storm('storm, 2 s'),
  storm('storm, 4 s', 'slaves.retryDelay=4s'),
  { ...storm('storm, 8 s', 'slaves.retryDelay=8s'), quick: true },
  storm('50k mailboxes', 'site.mailboxes=50000'),
  storm('200k mailboxes', 'site.mailboxes=200000', 'slaves.retryDelay=4s'),
  { ...storm('250k, 2 s', 'site.mailboxes=250000'), quick: true },
  storm('250k, 4 s', 'site.mailboxes=250000', 'slaves.retryDelay=4s'),
  storm('250k, 8 s', 'site.mailboxes=250000', 'slaves.retryDelay=8s'),
  storm('250k, 45 slaves', 'site.mailboxes=250000', 'slaves.count=45', restarted(10)),
  storm('5 slaves', 'slaves.count=5', restarted(3)),
  storm('10 slaves', 'slaves.count=10', restarted(5)),
  storm('45 slaves', 'slaves.count=45', restarted(10)),
  storm('connection per create', 'backends.connection=per-operation', 'backends.inFlight=200'),
  { name: 'worker cliff', profile: 'worker-cliff', sets: [], phase: 'joining', quick: true },
  {
    name: 'bulk create',
    profile: 'resync-storm',
    sets: [...STORM, 'site.mailboxes=20000', 'backends.arrivals={kind: constant, rate: 500}', 'phases.3.events=[]'],
    phase: 'storm',
  },
  { name: 'kicks', profile: 'kick-storm', sets: [], phase: 'steady' },
]
