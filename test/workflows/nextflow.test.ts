/**
 * The modules of workflows/nextflow. Nextflow is not in Debian, nor is nf-core's linter, so what can be checked without them
 * is: files parse as Groovy, meta.yml says what main.nf takes and gives, and the scripts of processes, with their variables
 * filled in by Groovy, do what they are for.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type TestCase } from 'tape'
import { parse } from 'yaml'
import { syntheticReads, writeReads } from '../../data/index.js'
import { command, scratch, tinyModel, xenograd } from '../cli/support.js'
import { testUnless } from '../testUnless.js'
import { gridFlags } from './grid.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const folder = join(root, 'workflows/nextflow')
const modules = readdirSync(join(folder, 'modules/xenograd'))
const fileOf = (module: string, name: string) =>
  readFileSync(join(folder, 'modules/xenograd', module, name), 'utf8')

const hasGroovy = spawnSync('groovy', ['--version']).status === 0

const testGroovy = (name: string, body: TestCase): void =>
  testUnless(hasGroovy ? undefined : 'no groovy; apt-get install groovy default-jre-headless', name, body)

const groovy = (script: string, args: readonly string[], input = '') =>
  spawnSync('groovy', [join(root, 'test/workflows', script), ...args], { input, encoding: 'utf8' })

testGroovy('workflow of Nextflow: every file is sound Groovy', async t => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name =>
    /\.(nf|nf\.test|config)$/.test(name),
  )
  t.ok(files.length >= 6, files.join(', '))
  const { status, stderr } = groovy(
    'parse.groovy',
    files.map(name => join(folder, name)),
  )
  t.equal(status, 0, stderr)
  const bad = join(scratch(), 'bad.nf')
  writeFileSync(bad, 'process X {\n  foo(\n}\n')
  t.equal(groovy('parse.groovy', [bad]).status, 1, 'a mistake is found')
})

/** The section of a process between two labels. */
const section = (text: string, from: string, to: string): string => {
  const [, body] = new RegExp(`\\n    ${from}:\\n([\\s\\S]*?)\\n    ${to}:\\n`).exec(text) ?? []
  if (body === undefined) throw new Error(`no section between ${from}: and ${to}:`)
  return body
}

test('modules of Nextflow: meta.yml describes every input and output, and the program', async t => {
  for (const module of modules) {
    const main = fileOf(module, 'main.nf')
    const meta = parse(fileOf(module, 'meta.yml'))
    const missing = ['name', 'description', 'keywords', 'tools', 'input', 'output', 'authors', 'maintainers']
    t.deepEqual(
      missing.filter(key => !meta[key]),
      [],
      `${module}: keys that nf-core wants`,
    )
    t.equal(meta.name, `xenograd_${module}`)
    t.ok(meta.keywords.length >= 3)
    t.ok(meta.tools[0].xenograd.description && meta.tools[0].xenograd.licence.length === 1)
    const inputs = section(main, 'input', 'output')
      .split('\n')
      .filter(line => line.trim() !== '')
      .map(line => [...line.matchAll(/(?:val|path)[( ](\w+)/g)].map(([, name]) => name))
    const described = meta.input.map((channel: object | object[]) =>
      [channel].flat().flatMap(element => Object.keys(element)),
    )
    t.deepEqual(described, inputs, `${module}: inputs`)
    const emitted = [...section(main, 'output', 'when').matchAll(/emit: (\w+)/g)].map(([, name]) => name)
    t.deepEqual(Object.keys(meta.output), emitted, `${module}: outputs`)
    t.deepEqual(parse(fileOf(module, 'environment.yml')).dependencies, ['bioconda::xenograd=0.1.0'])
  }
})

type Job = { readonly module: string; readonly bindings: Readonly<Record<string, unknown>> }

/** The shell commands that modules run, with variables as Nextflow would have them. */
function commandsOf(jobs: readonly Job[]): string[] {
  const scripts = jobs.map(({ module, bindings }) => ({
    script: section(fileOf(module, 'main.nf'), 'script', 'stub'),
    bindings: { task: { cpus: 1, ext: { args: '--quiet' }, process: 'TEST' }, ...bindings },
  }))
  const { status, stdout, stderr } = groovy('render.groovy', [], JSON.stringify(scripts))
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

/** Runs a command in a new folder, with xenograd on the path; `links`: what is staged there. */
function inFolder(shell: string, bin: string, links: Readonly<Record<string, string>>) {
  const work = scratch()
  for (const [name, target] of Object.entries(links)) {
    mkdirSync(join(work, name, '..'), { recursive: true })
    symlinkSync(target, join(work, name))
  }
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` }
  const { status, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', shell], {
    cwd: work,
    env,
    encoding: 'utf8',
  })
  return { work, status, stderr }
}

function binFolder(): string {
  const bin = scratch()
  writeFileSync(join(bin, 'xenograd'), `#!/bin/bash\nexec ${command} "$@"\n`)
  chmodSync(join(bin, 'xenograd'), 0o755)
  return bin
}

testGroovy('modules of Nextflow: shards are scored, put together and evaluated', async t => {
  const inputs = scratch()
  const foreground = await tinyModel(inputs)
  const background = await tinyModel(inputs, { name: 'b.safetensors', seed: 2 })
  const bin = binFolder()
  for (const split of ['in_val', 'ood_val'] as const)
    await writeReads(join(inputs, `${split}.fa`), syntheticReads({ split, count: 60, length: 50, seed: 1 }))
  const models = { foreground: 'foreground/tiny.safetensors', background: 'background/b.safetensors' }
  const shards = ['1/3', '2/3', '3/3']
  const [evaluation, ...scorings] = commandsOf([
    { module: 'evaluate', bindings: { meta: { id: 'all' }, known: 'in/in.tsv', unknown: 'ood/ood.tsv' } },
    ...shards.map(shard => ({
      module: 'score',
      bindings: { meta: { id: 'in' }, reads: 'reads.fa', shard, ...models },
    })),
    {
      module: 'score',
      bindings: {
        meta: { id: 'ood' },
        reads: 'reads.fa',
        shard: [],
        foreground: models.foreground,
        background: models.background,
      },
    },
  ])
  const staged = (split: string) => ({
    'reads.fa': join(inputs, `${split}.fa`),
    [models.foreground]: foreground,
    [models.background]: background,
  })
  const ended = scorings.map((scoring, i) => inFolder(scoring, bin, staged(i < 3 ? 'in_val' : 'ood_val')))
  for (const { status, stderr } of ended) t.equal(status, 0, stderr)
  const tables = shards.map((shard, i) =>
    readFileSync(join(ended[i].work, `in.${shard.replace('/', '-of-')}.tsv`), 'utf8'),
  )
  const whole = await xenograd(['score', '-q', '-m', foreground, '-b', background, join(inputs, 'in_val.fa')])
  t.equal(tables.join(''), whole.stdout, 'the table of the whole')
  writeFileSync(join(inputs, 'in.tsv'), whole.stdout)
  const evaluated = inFolder(evaluation, bin, {
    'in/in.tsv': join(inputs, 'in.tsv'),
    'ood/ood.tsv': join(ended[3].work, 'ood.tsv'),
  })
  t.equal(evaluated.status, 0, evaluated.stderr)
  t.deepEqual(
    ['all.tsv', 'all.md', 'all.html'].filter(name => readdirSync(evaluated.work).includes(name)).length,
    3,
  )
})

testGroovy('modules of Nextflow: a grid that shards have trained apart has its table', async t => {
  const inputs = scratch()
  const bin = binFolder()
  const flags = await gridFlags(inputs)
  const [first, second, table] = commandsOf(
    ['1/2', '2/2', []].map(shard => ({ module: 'tune', bindings: { meta: { id: 'tune' }, flags, shard } })),
  )
  const links: Record<string, string> = {}
  for (const shell of [first, second]) {
    const { work, status, stderr } = inFolder(shell, bin, {})
    t.equal(status, 0, stderr)
    for (const name of readdirSync(join(work, 'tune'))) links[`tune/${name}`] = join(work, 'tune', name)
  }
  t.equal(Object.keys(links).length, 2, 'a training in each shard')
  const { work, status, stderr } = inFolder(table.replace('--quiet', ''), bin, links)
  t.equal(status, 0, stderr)
  t.match(stderr, /^2 trainings, 2 of them finished/)
  t.match(readFileSync(join(work, 'tune/tune.tsv'), 'utf8'), /^#hidden\t.*\n4\t0.2\t0\t/)
})
