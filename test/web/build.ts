import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onceARun } from '../onceARun.js'

/** The project's root: dist/test/web/build.js -> . */
export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** A built page. */
export type BuiltPage = {
  readonly folder: string
  /** What the build has printed, the size of the first load among it. */
  readonly output: string
}

const outputFile = 'build.txt'

/**
 * The page as `npm run web:build` makes it, built once for all test files.
 * @throws Error when the build fails.
 */
export function builtPage(): BuiltPage {
  const folder = onceARun('web', build)
  return { folder, output: readFileSync(join(folder, outputFile), 'utf8') }
}

function build(folder: string): void {
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  const args = [vite, 'build', '-c', 'web/vite.config.ts', 'web', '--outDir', folder, '--emptyOutDir']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  const output = stdout + stderr
  if (status !== 0) throw new Error(`the page cannot be built:\n${output}`)
  writeFileSync(join(folder, outputFile), output)
}
