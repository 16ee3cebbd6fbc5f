import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { manPage } from '../../cli/manPage.js'
import { xenogradProgram } from '../../cli/program.js'
import { scratch } from './support.js'

const program = xenogradProgram()
const path = join(scratch(), 'xenograd.1')
writeFileSync(path, manPage(program, '1.2.3', '2026-11-28'))

const backspace = String.fromCharCode(8)

/** What a program says of the page, both streams; undefined where there is no such program. */
function said(command: string, args: readonly string[]): string | undefined {
  const { stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, MANWIDTH: '200', LC_ALL: 'C.UTF-8' },
  })
  return error ? undefined : stdout + stderr
}

const complaints = said('mandoc', ['-Tlint', '-Wwarning', path])
test(`mandoc has nothing to complain of${complaints === undefined ? ' (skipped: apt-get install mandoc)' : ''}`, {
  skip: complaints === undefined,
}, t => {
  t.equal(complaints, '')
  t.end()
})

const page = said('mandoc', ['-Tutf8', '-Owidth=200', path]) ?? said('man', ['-l', path])
test(`the page has every command with its options and what its help says${page === undefined ? ' (skipped: apt-get install man-db, or mandoc)' : ''}`, {
  skip: page === undefined,
}, t => {
  // Bold is a letter, a backspace and the letter; dashes have a form of their own in some versions.
  const text = page!.replaceAll(new RegExp(`.${backspace}`, 'g'), '').replaceAll(/[‐−]/g, '-')
  const words = (line: string) => line.trim().replace(/\s+/g, ' ')
  const lines = new Set(text.split('\n').map(words))
  const all = words(text)
  for (const command of program.commands) {
    t.ok(lines.has(`xenograd ${command.name()} ${command.usage()}`), command.name())
    const options = command.createHelp().visibleOptions(command)
    const missing = options.filter(({ flags, description }) => {
      const start = description.split(/[(;]/)[0]
      return !all.includes(`${flags} ${words(start)}`)
    })
    t.deepEqual(
      missing.map(({ flags }) => flags),
      [],
      `options of ${command.name()}`,
    )
  }
  t.match(all, /NAME xenograd - tells reads of unknown bacteria/)
  t.match(all, /Exit codes: 0 done, 1 failure/)
  t.match(all, /XENOGRAD_THREADS threads of the device wasm/)
  t.ok(
    lines.has(
      'll_fg, ll_bg log-likelihood under the foreground and the background model: mean nats per predicted base',
    ),
    'tables stay as they are',
  )
  t.match(all, /xenograd 1\.2\.3/)
  t.end()
})

test('what would be a request of the language is text', t => {
  const source = manPage(program, '1.2.3', '2026-11-28')
  const requests = new Set(
    source
      .split('\n')
      .filter(line => /^[.']/.test(line))
      .map(line => line.split(' ')[0]),
  )
  t.deepEqual([...requests].sort(), ['.B', '.I', '.PP', '.SH', '.SS', '.TH', '.TP', '.fi', '.nf'])
  t.end()
})
