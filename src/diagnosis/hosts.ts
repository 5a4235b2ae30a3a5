/** @returns of short names the full one, where there is just one that begins with it: `fe1` is `fe1.example.com` */
export function fullNames(hosts: Iterable<string>): Map<string, string> {
  const all = new Set(hosts)
  const full = new Map<string, string>()
  for (const short of all) {
    if (short.includes('.')) continue
    const long = [...all].filter(host => host.startsWith(`${short}.`))
    if (long.length === 1) full.set(short, long[0])
  }
  return full
}
