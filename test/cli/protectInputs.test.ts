import { linkSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { command, scratch, shell, xenograd } from './support.js'

/** The names and the options of all commands, as their help has them. */
async function allOptions(): Promise<{ name: string; flags: string; meaning: string }[]> {
  const { stdout } = await xenograd(['--help'])
  const names = [...stdout.split('\nCommands:')[1].matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name)
  const helps = await Promise.all(
    names.filter(name => name !== 'help').map(name => xenograd([name, '--help'])),
  )
  return helps.flatMap(({ stdout: help }) => {
    const [, name] = /^Usage: xenograd (\S+)/.exec(help)!
    const lines = help
      .replace(/\n {20,}/g, ' ')
      .matchAll(/^ {2}(?:-\w, )?(--[a-z-]+ <[^>]+>|[a-z]+) {2,}(.*)$/gm)
    return [...lines].map(([, flags, meaning]) => ({ name, flags, meaning }))
  })
}

/** For each command that writes files: what it must be given besides, where `READ` is a file that it reads. */
const commandLines: Readonly<Record<string, readonly string[]>> = {
  score: ['-m', 'READ'],
  calibrate: ['-m', 'READ'],
  evaluate: ['-m', 'READ'],
  convert: ['READ'],
  fit: ['kmers', '--reads', 'READ'],
  sample: ['READ'],
}

test('every option that writes a file is declared as one, and refuses to replace what the command reads', async t => {
  const options = await allOptions()
  for (const { name, flags, meaning } of options)
    if (
      /^(write|where [a-z ]+ goe?s?\b|(file|the \w+) to write)/.test(meaning) &&
      /<(file|path)>/.test(flags)
    )
      t.fail(`${name} ${flags}: writes a file, so it must be declared as <out>`)
  const outputs = options.filter(({ flags }) => /<out>|^out$/.test(flags))
  t.ok(outputs.length >= 8, `${outputs.length} outputs`)
  const folder = scratch()
  const read = join(folder, 'read')
  const link = join(folder, 'link')
  const hardLink = join(folder, 'hard')
  writeFileSync(read, '>a\nACGT\n')
  symlinkSync('read', link)
  linkSync(read, hardLink)
  const cases = [
    ...outputs.map(output => ({ ...output, path: link })),
    ...[read, hardLink].map(path => ({ ...outputs[0], path })),
  ]
  const runs = await Promise.all(
    cases.map(({ name, flags, path }) => {
      const given = commandLines[name]?.map(word => (word === 'READ' ? read : word))
      if (!given) return { code: 0, stderr: `say in this test how ${name} is called` }
      const option = flags.startsWith('--') ? [flags.split(' ')[0], path] : [path]
      const required = name === 'calibrate' && !flags.startsWith('--output') ? ['-o', `${read}2`] : []
      return xenograd([name, ...given, ...required, ...option])
    }),
  )
  for (const [i, { code, stderr }] of runs.entries()) {
    t.equal(code, 2, `${cases[i].name} ${cases[i].flags}`)
    t.match(stderr, /^xenograd: \S+ \S+: would replace .*, which is read; give another name\n$/)
  }
  t.equal(readFileSync(read, 'utf8'), '>a\nACGT\n')
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
