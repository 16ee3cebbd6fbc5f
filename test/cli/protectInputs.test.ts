import { linkSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { declaredPaths, required, withOutput } from './declaredPaths.js'
import { command, inThisProcess, scratch, shell, xenograd } from './support.js'

test('every option that writes a file is declared as one, and refuses to replace what the command reads', async t => {
  const { options, outputs } = declaredPaths()
  for (const { command, flags, description } of options)
    if (
      /^(write|where [a-z ]+ goe?s?\b|(file|the \w+) to write)/.test(description) &&
      /<(file|path)>/.test(flags)
    )
      t.fail(`${command} ${flags}: writes a file, so it must be declared as <out>`)
  t.ok(outputs.length >= 20, `${outputs.length} outputs`)
  const folder = scratch()
  const read = join(folder, 'read')
  const link = join(folder, 'link')
  const hardLink = join(folder, 'hard')
  writeFileSync(read, '{}\n')
  symlinkSync('read', link)
  linkSync(read, hardLink)
  const cases = [
    ...outputs.map(output => ({ ...output, path: link })),
    ...[read, hardLink].map(path => ({ ...outputs[0], path })),
  ]
  for (const { command, option, path } of cases) {
    const given = withOutput(required[command] ?? [], option, path)
    const { code, stderr } = await inThisProcess([command, '--config', read, ...given])
    t.equal(code, 2, `${command} ${option}`)
    t.match(stderr, /^xenograd: \S+ \S+: would replace .*, which is read; give another name\n$/)
  }
  t.equal(readFileSync(read, 'utf8'), '{}\n')
})

test('outputs: standard input from a file, two of one name, and what is no file', async t => {
  const folder = scratch()
  const read = join(folder, 'reads.fa')
  writeFileSync(read, '>a\nACGT\n')
  const [redirected, twice, devices] = await Promise.all([
    shell(`${command} score -m x -o '${read}' < '${read}'`),
    xenograd(['score', '-m', 'x', '-o', join(folder, 'o.tsv'), '--track', join(folder, '.', 'o.tsv')]),
    xenograd(['score', '-m', 'x', '-o', '/dev/null', '--track', '/dev/null']),
  ])
  t.equal(redirected.code, 2)
  t.match(redirected.stderr, /would replace standard input, which is read/)
  t.equal(twice.code, 2)
  t.match(twice.stderr, /--output and --track would write the same file/)
  t.equal(devices.code, 1)
  t.match(devices.stderr, /x: no such file/)
})
