import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onceARun } from '../onceARun.js'

export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** The repository's package.json, as far as the tests of the package read it. */
export const manifest: {
  readonly version: string
  readonly license: string
  readonly man: string
  readonly bin: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string } | string>>
} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The packed package, packed once for all test files: the path of the tarball. */
export function packTarball(): string {
  const folder = onceARun('package', folder => {
    // The scripts, which are left out, would build everything anew; of what they make, this is not there yet.
    execFileSync(process.execPath, [join(root, 'dist/cli/documents.js')])
    const packing = ['pack', '--ignore-scripts', '--pack-destination', folder]
    execFileSync('npm', packing, { cwd: root, stdio: ['ignore', 'ignore', 'ignore'] })
  })
  return join(folder, `xenograd-${manifest.version}.tgz`)
}

/**
 * A new folder in which the packed package is installed, as a user would have it: with the dependencies that it declares
 * (the copies of this repository) and, of others, `extra` alone; its commands are in
 * node_modules/.bin. Removed with the test runner's scratch folder.
 */
export function installTarball(extra: readonly string[] = []): string {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-package-'))
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  execFileSync('tar', ['xzf', packTarball()], { cwd: folder })
  renameSync(join(folder, 'package'), join(modules, 'xenograd'))
  for (const name of [...Object.keys(manifest.dependencies), ...extra]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  const bin = join(modules, '.bin')
  mkdirSync(bin)
  for (const [name, file] of Object.entries(manifest.bin)) {
    chmodSync(join(modules, 'xenograd', file), 0o755)
    symlinkSync(join('..', 'xenograd', file), join(bin, name))
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  return folder
}

/** What a TypeScript compiler of this repository (`typescript` is 7, `typescript5`) says of files in a folder: nothing is right. */
export function typeErrors(
  compiler: 'typescript' | 'typescript5',
  folder: string,
  files: readonly string[],
  compilerOptions: Readonly<Record<string, unknown>> = {},
): string {
  const options = { strict: true, skipLibCheck: false, module: 'nodenext', target: 'es2022', types: [] }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...options, noEmit: true, ...compilerOptions }, files }),
  )
  try {
    const tsc = join(root, 'node_modules', compiler, 'bin', 'tsc')
    return execFileSync(process.execPath, [tsc, '-p', folder], { cwd: folder, encoding: 'utf8' })
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}
