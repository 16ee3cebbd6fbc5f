// Writes into package.json, as npm packs it, where others clone this checkout from, and takes it out again afterwards: what
// is packed says where its source is, and a fork never names another's. `npm pack` and `npm publish` run it (scripts
// `prepack` and `postpack`), in the folder of the package.
import { spawnSync } from 'node:child_process'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'

/** An address of git's as package.json has it, without name and password; undefined for one that others cannot reach. */
function published(address) {
  const shell = /^(?:ssh:\/\/)?git@(?<host>[\w.-]+)[:/](?<path>[^/].*)$/.exec(address)?.groups
  if (shell) return `git+ssh://git@${shell.host}/${shell.path}`
  const web = URL.canParse(address) ? new URL(address) : undefined
  return web?.protocol === 'https:' ? `git+https://${web.host}${web.pathname}` : undefined
}

const before = /^( {2}"license": .*\n)/m
const field = /^ {2}"repository": .*\n/m

const [moment] = process.argv.slice(2)
const text = readFileSync('package.json', 'utf8')
const without = text.replace(field, '')
let result = without
if (moment === 'prepack') {
  const { stdout } = spawnSync('git', ['remote', 'get-url', 'origin'], { encoding: 'utf8' })
  const address = stdout?.trim() ?? ''
  const url = published(address)
  if (url === undefined)
    console.error(
      `no "repository" in the package: this checkout's origin is ${address || 'not set'}, no https: or ssh: address`,
    )
  else
    result = without.replace(
      before,
      license => `${license}  "repository": ${JSON.stringify({ type: 'git', url })},\n`,
    )
}
if (result !== text) {
  writeFileSync('package.json.new', result)
  renameSync('package.json.new', 'package.json')
}
