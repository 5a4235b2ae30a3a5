import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate authority of a test's own, made by openssl(1), and what it signs: PEM files that every user may read. */
export class Certificates {
  readonly folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-ca-'))
  readonly ca = this.file('ca.pem')
  private made = 0

  constructor() {
    chmodSync(this.folder, 0o755)
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', this.file('ca.key')]
    this.openssl('req', '-x509', ...key, '-subj', '/CN=test ca', '-days', '2', '-out', this.ca)
  }

  /** @param names such as `DNS:master.example.com` or `IP:127.0.0.1` */
  issue(commonName: string, ...names: readonly string[]): { readonly cert: string; readonly key: string } {
    const [cert, key, request, extensions] = ['pem', 'key', 'csr', 'ext'].map(end => this.file(`${this.made}.${end}`))
    this.made++
    writeFileSync(extensions!, names.length === 0 ? '' : `subjectAltName=${names.join(',')}\n`)
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key!]
    this.openssl('req', ...curve, '-subj', `/CN=${commonName}`, '-out', request!)
    const by = ['-CA', this.ca, '-CAkey', this.file('ca.key'), '-CAcreateserial', '-extfile', extensions!]
    this.openssl('x509', '-req', '-in', request!, ...by, '-days', '2', '-out', cert!)
    chmodSync(key!, 0o644)
    return { cert: cert!, key: key! }
  }

  read({ cert, key }: { readonly cert: string; readonly key: string }): {
    readonly cert: Buffer
    readonly key: Buffer
  } {
    return { cert: readFileSync(cert), key: readFileSync(key) }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  private file(name: string): string {
    return join(this.folder, name)
  }

  private openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  }
}
