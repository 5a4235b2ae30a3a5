// Everything `npm start` and `npm test` need before they can begin. This file imports nothing and keeps to the syntax
// of Node 12, so that an old Node gets as far as the line below instead of a stack trace.
// Usage: node scripts/bootstrap.mjs [bench]
const wanted = [20, 19]
const [major, minor] = process.versions.node.split('.').map(Number)

if (major < wanted[0] || (major === wanted[0] && minor < wanted[1])) {
  console.error(
    `mupdate-bench needs Node ${wanted.join('.')} or newer, and this is ${process.versions.node}: ` +
      'on Debian 12 run "sudo npm install -g n && sudo n 22", elsewhere see https://nodejs.org/en/download',
  )
  process.exitCode = 2
} else {
  import('./prepare.mjs').then(({ prepare }) => {
    process.exitCode = prepare(process.argv[2] === 'bench' ? ['dist', 'dist-bench'] : ['dist'])
  })
}
