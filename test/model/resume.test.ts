import { spawn } from 'node:child_process'
import { watch } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'tape'
import { RunDirectory } from '../../model/index.js'
import { tinyOptions, trainTiny } from './trainTiny.js'

const script = fileURLToPath(new URL('./trainTiny.js', import.meta.url))

/** Run the training in a child process and kill it when `when` says so; whether it came to its end instead. */
async function runAndKill(folder: string, when: (file: string) => boolean): Promise<boolean> {
  const models = join(folder, 'model')
  await mkdir(models, { recursive: true })
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'ignore', 'inherit'] })
  const watcher = watch(models, (_, file) => {
    if (file && when(file)) child.kill('SIGKILL')
  })
  const [code] = await new Promise<[number | null]>(resolve => child.once('exit', c => resolve([c])))
  watcher.close()
  return code === 0
}

test('a run killed between and during checkpoint writes ends with the bits of an uninterrupted one', async t => {
  const root = await mkdtemp(join(tmpdir(), 'xenograd-resume-'))
  const whole = await trainTiny(join(root, 'whole'))
  const folder = join(root, 'killed')
  let kills = 0
  // A temporary file means that a checkpoint is being written; a final name, that one has just been finished. The first
  // child dies in its first checkpoint, or soon after.
  for (const [during, after] of [
    [true, 0],
    [true, 4],
    [false, 4],
    [true, 4],
    [false, 4],
  ] as const) {
    let seen = 0
    const done = await runAndKill(folder, file => file.endsWith('.tmp') === during && ++seen > after)
    if (!done) kills++
  }
  t.ok(kills >= 2, `${kills} of 5 child processes were killed on the way`)
  const resumed = await trainTiny(folder)
  t.ok(
    (await readFile(whole)).equals(await readFile(resumed)),
    'the last checkpoints are equal, byte for byte',
  )

  const uninterrupted = await RunDirectory.open(join(root, 'whole'))
  const killed = await RunDirectory.open(folder)
  const steps = async (run: RunDirectory) => (await run.readMetrics()).map(line => line.step)
  t.deepEqual(await steps(killed), await steps(uninterrupted), 'metrics.jsonl has every line once')
  t.deepEqual(
    (await killed.checkpoints()).map(c => c.step),
    [tinyOptions.steps - 3, tinyOptions.steps - 1],
    'only the last checkpoints are kept',
  )
  await rm(root, { recursive: true })
})
