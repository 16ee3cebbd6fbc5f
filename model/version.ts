import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseJson } from '../data/index.js'

// dist/model/version.js -> the package's root
const root = fileURLToPath(new URL(/* @vite-ignore */ '../../', import.meta.url))

/** The package's version, and the commit if it runs from a git checkout: `0.1.0 (git 1a2b3c4)`. */
export function version(): string {
  const { version } = parseJson(readFileSync(`${root}package.json`, 'utf8')) as { version: string }
  const commit = gitCommit()
  return commit ? `${version} (git ${commit})` : version
}

function gitCommit(): string | undefined {
  if (!existsSync(`${root}.git`)) return undefined
  try {
    const args = ['rev-parse', '--short', 'HEAD']
    return execFileSync('git', args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
      encoding: 'utf8',
    }).trim()
  } catch {
    return undefined
  }
}
