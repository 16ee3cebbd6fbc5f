import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeFailure, exitCodeOf, exitCodes } from '../../cli/failure.js'
import { dashedNames } from '../../cli/options.js'
import { xenogradProgram } from '../../cli/program.js'
import { closeDevice } from '../../engine/index.js'
import { findCell, initialState, saveState } from '../../model/index.js'

const main = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

/** How a process ended, and what it said. */
export type Ended = { code: number | null; stdout: string; stderr: string }

/** What runs `xenograd` in a shell script. */
export const command = `'${process.execPath}' '${main}'`

/** Starts `xenograd` as a child process, to talk to it while it runs. */
export const start = (args: readonly string[]): ChildProcessWithoutNullStreams =>
  spawn(process.execPath, [main, ...args])

/** Runs `xenograd` as a child process. `input`: what it gets on standard input. */
export const xenograd = (args: readonly string[], input: string | Uint8Array = ''): Promise<Ended> =>
  finish(start(args), input)

/**
 * How a command of `xenograd` ends that needs no input and prints nothing, and what it says of an error: in this process, as
 * starting one costs more than most commands. `usage.test.ts` has what processes print of errors.
 */
export async function inThisProcess(args: readonly string[]): Promise<{ code: number; stderr: string }> {
  // A process opens its own.
  await closeDevice('wasm')
  try {
    await xenogradProgram().parseAsync(dashedNames(['node', 'xenograd', ...args]))
  } catch (error) {
    return { code: exitCodeOf(error), stderr: `xenograd: ${describeFailure(error)}\n` }
  } finally {
    await closeDevice('wasm')
  }
  return { code: exitCodes.ok, stderr: '' }
}

/** Runs a shell script with `pipefail`. */
export const shell = (script: string): Promise<Ended> =>
  finish(spawn('bash', ['-o', 'pipefail', '-c', script]), '')

function finish(child: ChildProcessWithoutNullStreams, input: string | Uint8Array): Promise<Ended> {
  const ended: Ended = { code: null, stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ended.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ended.stderr += text
  })
  // A child that fails at once does not read its input.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => resolve({ ...ended, code }))
  })
}

/** A new folder. */
export const scratch = (): string => mkdtempSync(join(realpathSync(tmpdir()), 'xenograd-cli-'))

/** Writes a small untrained model; returns its path. */
export async function tinyModel(
  folder: string,
  { name = 'tiny.safetensors', seed = 1, cell = 'lstm' } = {},
): Promise<string> {
  const options = { cell: await findCell(cell), hidden: 4 }
  const path = join(folder, name)
  await saveState(path, options, initialState({ ...options, seed }), { step: '7' })
  return path
}

/** The rows of a table without its header, split into columns. */
export const rowsOf = (table: string): string[][] =>
  table
    .trimEnd()
    .split('\n')
    .slice(1)
    .map(line => line.split('\t'))
