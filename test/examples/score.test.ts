import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'tape'
import { uniforms } from '../eval/arbitrary.js'

const root = new URL('../../../', import.meta.url)
const run = (...args: string[]) =>
  spawnSync(process.execPath, args, { cwd: fileURLToPath(root), encoding: 'utf8' })

test('examples/score.js: scores, p-values and calls of the command line, by the detector that comes with the package', t => {
  const reads = join(mkdtempSync(join(tmpdir(), 'xenograd-')), 'reads.fa')
  const records = Array.from({ length: 130 }, (_, i) => {
    const bases = Array.from(uniforms(i, 250 + i), u => 'ACGT'[Math.floor(4 * u)]).join('')
    return `>read${i}\n${bases}\n`
  })
  writeFileSync(reads, records.join(''))
  const example = run('examples/score.js', reads)
  t.equal(example.status, 0, example.stderr)
  t.match(example.stderr, /by relMahalanobis; known: Bacillus,/)
  const table = run('dist/cli/main.js', 'score', reads)
  const rows = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map(line => line.split('\t'))
  const [header, ...expected] = rows(table.stdout)
  const column = (name: string) => header.indexOf(name)
  const lines = rows(example.stdout)
  t.equal(lines.length, 130)
  for (const [i, [name, score, p, call]] of lines.entries()) {
    const row = expected[i]
    const areEqual =
      name === row[0] &&
      Math.abs(Number(score) - Number(row[column('relMahalanobis')])) < 1e-3 &&
      Math.abs(Number(p) - Number(row[column('p')])) < 1e-4 &&
      call === row[column('call')]
    if (!areEqual) t.fail(`${lines[i]}, the command line has ${row}`)
  }
  t.equal(run('examples/score.js').status, 2, 'without a file it says how it is used')
  t.end()
})
