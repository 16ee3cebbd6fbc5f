import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import test from 'tape'
import { xenogradProgram } from '../../cli/program.js'
import { decode, syntheticReads, writeReads } from '../../data/index.js'
import { documents, piecesOf } from './pieces.js'
import { installTarball } from './tarball.js'

// The shell commands of the documents. All of them are commands and flags that there are. Those of the guide's chapters
// run, each piece as it is, with reads.fq.gz in the folder; a piece marked `needs=FILE` wants more than that, and says so
// by a file that it uses.

const installed = installTarball(['fast-check'])
const path = [join(installed, 'node_modules/.bin'), process.env.PATH].join(delimiter)

const bash = (script: string, folder: string) =>
  // npx would find the same command, only later.
  spawnSync('bash', ['-c', `set -euo pipefail\nnpx() { "$@"; }\n${script}`], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: path },
  })

const helpOf = (name: string): string =>
  (
    xenogradProgram()
      .commands.find(command => command.name() === name)
      ?.helpInformation() ?? ''
  ).replaceAll('_', '-')

/** The commands of ours in a piece: lines that go on are one. */
const commandsIn = (code: string): { command: string; flags: string[] }[] =>
  [...code.replace(/\\\n/g, ' ').matchAll(/\bxenograd ([a-z][a-z-]*)([^\n|#;]*)/g)].map(
    ([, command, rest]) => ({
      command,
      flags: [...rest.matchAll(/(?<=\s)--[a-z][\w-]*/g)].map(([flag]) => flag.replaceAll('_', '-')),
    }),
  )

for (const document of documents) {
  const pieces = piecesOf(document, ['sh'])
  if (!pieces.length) continue
  test(`the commands of ${document} are ours`, t => {
    for (const { command, flags } of pieces.flatMap(({ code }) => commandsIn(code))) {
      const help = helpOf(command)
      t.ok(help, `xenograd ${command}`)
      t.deepEqual(
        flags.filter(flag => !new RegExp(`${flag}(?![\\w-])`).test(help)),
        [],
        `${flags.length} flags`,
      )
    }
    t.end()
  })
}

const chapters = documents.filter(document => document.startsWith('web/guide/'))
for (const piece of chapters.flatMap(document => piecesOf(document, ['sh']))) {
  const [, needed] = /^needs=(\S+)$/.exec(piece.mark) ?? []
  if (needed)
    test(`the commands of ${piece.name} need ${needed}`, t => {
      t.ok(piece.code.includes(needed), 'and are about it')
      t.end()
    })
  else
    test(`the commands of ${piece.name} run`, async t => {
      t.equal(piece.mark, '', 'no mark but needs=FILE')
      const folder = mkdtempSync(join(tmpdir(), 'xenograd-shell-'))
      const reads = [...syntheticReads({ split: 'in_val', count: 12, seed: 1 })].map(read => {
        const letters = decode(read.bases)
        return { ...read, text: { title: read.name, letters, quality: 'I'.repeat(letters.length) } }
      })
      await writeReads(join(folder, 'reads.fq.gz'), reads)
      const cell = piecesOf('web/guide/chapters/writeACell.md', ['js'])[0]
      writeFileSync(join(folder, 'minimal.mjs'), cell.code)
      const { status, stdout, stderr } = bash(piece.code, folder)
      t.equal(status, 0, status === 0 ? 'ends with code 0' : stdout + stderr)
      t.end()
    })
}
