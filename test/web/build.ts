import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

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
 * The page as `npm run web:build` makes it, built once for all test files: they share the runner's temporary folder.
 * @throws Error when the build fails.
 */
export function builtPage(): BuiltPage {
  const folder = join(tmpdir(), 'web')
  // A test file of its own, without the runner, builds anew: the folder for temporary files outlasts it.
  const shared = tmpdir().includes('xenograd-test-')
  if (!(shared && existsSync(folder))) return build(shared ? folder : undefined)
  return { folder, output: readFileSync(join(folder, outputFile), 'utf8') }
}

function build(shared: string | undefined): BuiltPage {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-web-'))
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  const args = [vite, 'build', '-c', 'web/vite.config.ts', 'web', '--outDir', folder, '--emptyOutDir']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  const output = stdout + stderr
  if (status !== 0) throw new Error(`the page cannot be built:\n${output}`)
  writeFileSync(join(folder, outputFile), output)
  if (shared === undefined) return { folder, output }
  try {
    renameSync(folder, shared)
  } catch {
    return { folder, output } // another test file was faster
  }
  return { folder: shared, output }
}
