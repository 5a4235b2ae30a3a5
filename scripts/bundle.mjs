// Usage: node scripts/bundle.mjs [DIR]
// Makes packages for hosts that have no Node, or an old one, and no network, in DIR (packages/): a tarball, and where there
// is a dpkg-deb a Debian package. Both hold the Node that runs this, what npm packs, the dependencies that it needs to
// run as they are installed here, the manual page and completions. Needs npm and tar, and no network.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64', arm: 'armhf', ppc64: 'ppc64el', s390x: 's390x' }

/** Debian's packages of the libraries that the Node of nodejs.org links with. */
const LIBRARIES = {
  'libc.so.6': 'libc6',
  'libdl.so.2': 'libc6',
  'libm.so.6': 'libc6',
  'libpthread.so.0': 'libc6',
  'libstdc++.so.6': 'libstdc++6',
  'libgcc_s.so.1': 'libgcc-s1',
  'libatomic.so.1': 'libatomic1',
}

const LAUNCHER = `#!/bin/sh
# Runs the Node that lies beside it, wherever that is, also when called by a symbolic link.
self=$(readlink -f "$0") || exit 1
root=\${self%/bin/*}
exec "$root/runtime/node" "$root/dist/cli/main.js" "$@"
`

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const out = resolve(process.argv[2] ?? join(root, 'packages'))
const { name, version, description } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const locked = Object.entries(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages)

mkdirSync(out, { recursive: true })
const scratch = mkdtempSync(join(out, '.bundle-'))
try {
  const libraries = librariesOf(process.execPath)
  const tree = bundledTree()
  told(tarball(tree))
  if (spawnSync('dpkg-deb', ['--version']).status === 0) told(debianPackage(tree, libraries))
  else console.log('left out: the Debian package, for which there is no dpkg-deb here')
} catch (error) {
  console.error(`mupdate-bench: ${error.message}`)
  process.exitCode = 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/** @returns packages of Debian; ends this where a Node could not run on another host */
function librariesOf(node) {
  const names = [...run('ldd', [node]).matchAll(/^\s*(\S+) =>/gm)].map(([, library]) => library)
  const others = names.filter(library => !(library in LIBRARIES))
  if (others.length > 0)
    throw new Error(
      `${node} needs ${others.join(', ')}, which other hosts may not have: run this with a Node of nodejs.org`,
    )
  // Its symbols name the version of libc that brought them.
  const minors = Array.from(readFileSync(node, 'latin1').matchAll(/GLIBC_2\.(\d+)/g), ([, minor]) => Number(minor))
  const libc = `libc6 (>= 2.${Math.max(...minors)})`
  return [...new Set(names.map(library => LIBRARIES[library].replace(/^libc6$/, libc)))]
}

/** As they are installed, which they may be only once npm has packed; optional ones are absent where they are for another system. */
function dependencies() {
  return locked.filter(
    ([path, { dev, optional }]) => path !== '' && !dev && (!optional || existsSync(join(root, path))),
  )
}

function bundledTree() {
  run('npm', ['pack', '--silent', '--pack-destination', scratch])
  run('tar', ['-xzf', join(scratch, `${name}-${version}.tgz`), '-C', scratch])
  const tree = join(scratch, `${name}-${version}-linux-${process.arch}`)
  renameSync(join(scratch, 'package'), tree)
  // Those that lie within another one come along with it.
  for (const [path] of dependencies()) {
    if (!/\/node_modules\//.test(path)) cpSync(join(root, path), join(tree, path), { recursive: true })
  }
  addRuntime(join(tree, 'runtime'))
  put(join(tree, 'bin', name), LAUNCHER)
  chmodSync(join(tree, 'bin', name), 0o755)
  mkdirSync(join(tree, 'share/man/man1'), { recursive: true })
  renameSync(join(tree, `dist/${name}.1`), join(tree, `share/man/man1/${name}.1`))
  const completion = shell => run(process.execPath, [join(tree, 'dist/cli/main.js'), 'completion', shell])
  put(join(tree, 'share/bash-completion/completions', name), completion('bash'))
  put(join(tree, `share/zsh/site-functions/_${name}`), completion('zsh'))
  put(join(tree, `share/fish/vendor_completions.d/${name}.fish`), completion('fish'))
  run('chmod', ['-R', 'u=rwX,go=rX', tree])
  return tree
}

function addRuntime(folder) {
  mkdirSync(folder)
  cpSync(process.execPath, join(folder, 'node'))
  const prefix = dirname(dirname(process.execPath))
  const licences = [
    join(prefix, 'LICENSE'),
    join(prefix, 'share/doc/node/LICENSE'),
    join(prefix, 'share/doc/nodejs/LICENSE'),
  ]
  const licence = licences.find(path => existsSync(path))
  if (licence === undefined)
    console.log(`left out: the licence of ${process.execPath}, which was found nowhere near it`)
  else cpSync(licence, join(folder, 'LICENSE'))
}

function tarball(tree) {
  const path = join(out, `${basename(tree)}.tar.gz`)
  run('tar', ['-czf', path, '--owner=0', '--group=0', '--numeric-owner', '-C', scratch, basename(tree)])
  return path
}

/** @param tree is taken apart */
function debianPackage(tree, libraries) {
  const architecture = ARCHITECTURES[process.arch] ?? process.arch
  const debian = join(scratch, 'debian')
  const usr = join(debian, 'usr')
  const lib = join(usr, 'lib', name)
  const doc = join(usr, 'share/doc', name)
  mkdirSync(dirname(lib), { recursive: true })
  renameSync(tree, lib)
  renameSync(join(lib, 'share'), join(usr, 'share'))
  renameSync(join(usr, 'share/zsh/site-functions'), join(usr, 'share/zsh/vendor-completions'))
  const page = join(usr, `share/man/man1/${name}.1`)
  writeFileSync(`${page}.gz`, gzipSync(readFileSync(page), { level: 9 }))
  rmSync(page)
  mkdirSync(doc, { recursive: true })
  for (const each of ['docs', 'README.md', 'CHANGELOG.md']) renameSync(join(lib, each), join(doc, each))
  put(join(doc, 'copyright'), copyright())
  mkdirSync(join(usr, 'bin'))
  symlinkSync(`../lib/${name}/bin/${name}`, join(usr, 'bin', name))
  put(join(debian, 'DEBIAN/control'), control(architecture, libraries, usr))
  run('chmod', ['-R', 'u=rwX,go=rX', debian])
  const path = join(out, `${name}_${version}_${architecture}.deb`)
  run('dpkg-deb', ['-Zxz', '-z0', '--root-owner-group', '--build', debian, path])
  return path
}

function control(architecture, libraries, usr) {
  const kilobytes = run('du', ['-sk', usr]).split('\t')[0]
  return `\
Package: ${name}
Version: ${version}
Architecture: ${architecture}
Maintainer: ${name} contributors <${name}@localhost>
Section: mail
Priority: optional
Installed-Size: ${kilobytes}
Depends: ${libraries.join(', ')}
Suggests: cyrus-murder, cyrus-common
Description: load-testing harness for MUPDATE masters (RFC 3656)
 ${description}.
 .
 It brings the Node ${process.versions.node} that it runs with, for itself alone.
`
}

function copyright() {
  const lines = dependencies().map(([path, of]) => `${path} ${of.version}: ${of.license ?? 'see there'}\n`)
  return `\
${readFileSync(join(root, 'LICENSE'), 'utf8')}
Below /usr/lib/${name} lie, each under a licence of its own, which lies beside it where its authors put it there:

runtime/node ${process.versions.node}: MIT, and those of what it includes; see runtime/LICENSE, or where it is missing nodejs.org
${lines.join('')}`
}

function put(path, text) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

function run(command, args) {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`)
  return stdout
}

function told(path) {
  console.log(`${relative(process.cwd(), path)} ${(statSync(path).size / 1e6).toFixed(1)} MB`)
}
