import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

// Runs test files, each in a process of its own, a few at a time.
//
//   node dist/test/run.js              all of them
//   node dist/test/run.js eval scan    those with `eval` or `scan` in their path
//   node dist/test/run.js --cell gru   the property tests of one cell (a name in model/cells, or a .js file)
//
// XENOGRAD_TEST_FLAGS: flags of Node for every file's process.

const root = fileURLToPath(new URL('.', import.meta.url))
// What tests leave behind goes with this folder.
const scratch = mkdtempSync(join(tmpdir(), 'xenograd-test-'))

const flags = process.env.XENOGRAD_TEST_FLAGS?.split(' ') ?? []

const files = (): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.test.js'))
    .sort()

type Outcome = { passed: number; failed: number; skipped: number; report: string }

/** What a file's TAP output amounts to; a crash or an output without an end counts as a failure. */
function judge(tap: string, errors: string, code: number | null): Outcome {
  const lines = tap.split('\n')
  const skipped = lines.filter(line => /^# SKIP |^ok \d+ .*# SKIP/.test(line))
  const passed = lines.filter(line => /^ok \d+/.test(line)).length
  const failures = lines.filter(line => /^not ok \d+/.test(line) && !/# (TODO|SKIP)/.test(line)).length
  const finished = /^# pass\s+\d+$/m.test(tap) || skipped.length > 0
  const crashed = failures === 0 && (code !== 0 || !finished)
  const notes = skipped
    .map(line => `  ${line.replace(/^ok \d+ /, '').replace(/^# SKIP /, 'skipped: ')}\n`)
    .join('')
  const failed = failures + (crashed ? 1 : 0)
  // Of a failure everything that is not a passed assertion is worth reading.
  const details = failed ? `${lines.filter(line => !/^ok \d+/.test(line)).join('\n')}\n${errors}\n` : ''
  const why = crashed ? `  ended with code ${code} before its end\n` : ''
  return { passed, failed, skipped: skipped.length, report: `${why}${notes}${details}` }
}

function runFile(file: string): Promise<Outcome> {
  const started = performance.now()
  const child = spawn(process.execPath, [...flags, join(root, file)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: scratch, XDG_CACHE_HOME: join(scratch, 'cache') },
  })
  let tap = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    tap += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  return new Promise(resolve => {
    child.once('close', code => {
      const outcome = judge(tap, errors, code)
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      const verdict = outcome.failed ? 'FAIL' : 'ok  '
      process.stdout.write(
        `${verdict} ${relative('.', file)} (${outcome.passed} passed, ${seconds} s)\n${outcome.report}`,
      )
      resolve(outcome)
    })
  })
}

const args = process.argv.slice(2)
const cell = args.indexOf('--cell')
if (cell >= 0) process.env.XENOGRAD_TEST_CELL = args.splice(cell, 2)[1] ?? ''
const patterns = cell >= 0 ? ['model/cells.test.js'] : args
const queue = files().filter(file => !patterns.length || patterns.some(pattern => file.includes(pattern)))

const total = { passed: 0, failed: 0, skipped: 0 }
async function work(): Promise<void> {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const { passed, failed, skipped } = await runFile(file)
    total.passed += passed
    total.failed += failed
    total.skipped += skipped
  }
}
// One more than there are processors: many tests wait for other programs.
await Promise.all(Array.from({ length: Math.min(4, availableParallelism() + 1) }, work))
rmSync(scratch, { recursive: true, force: true })

if (total.passed + total.failed === 0) {
  process.stdout.write(`no test file matches ${patterns.join(', ')}\n`)
  total.failed = 1
}
if (total.skipped) process.stdout.write(`${total.skipped} skipped (the lines above say why)\n`)
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`)
process.exitCode = total.failed ? 1 : 0
