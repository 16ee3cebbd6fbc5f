import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, normalize } from 'node:path'
import test from 'tape'
import { parse } from 'yaml'
import { installTarball, manifest, packTarball, root } from './tarball.js'

const folder = join(installTarball(), 'node_modules', 'xenograd')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })

test('compiled files name no source maps, as there are none', t => {
  const compiled = files.filter(name => name.endsWith('.js'))
  t.ok(compiled.length > 100, `${compiled.length} files`)
  t.deepEqual(
    compiled.filter(name => /^\/\/# sourceMappingURL=/m.test(readFileSync(join(folder, name), 'utf8'))),
    [],
  )
  t.deepEqual(
    files.filter(name => name.endsWith('.map')),
    [],
  )
  t.end()
})

test('what the pages for users link to, pictures and all, is in the package', t => {
  for (const page of ['README.md', 'engine/GUIDE.md']) {
    const text = readFileSync(join(folder, page), 'utf8').replace(/^ *```[\s\S]*?^ *```/gm, '')
    const targets = [...text.matchAll(/\]\(([^)\s#]+)[^)\s]*\)/g)].map(([, target]) => target)
    const dead = targets.filter(
      target => !/^[a-z]+:/.test(target) && !existsSync(join(folder, normalize(join(dirname(page), target)))),
    )
    t.deepEqual(dead, [], page)
  }
  t.end()
})

test('without the trained detector the package weighs less than 2 MB', t => {
  const tarball = packTarball()
  const detector = spawnSync('gzip', ['-9c', join(folder, 'model/shipped/detector.safetensors')], {
    maxBuffer: 2 ** 24,
  })
  const bytes = statSync(tarball).size - detector.stdout.length
  t.ok(detector.stdout.length > 1e5 && bytes < 2e6, `${(bytes / 1e6).toFixed(2)} MB`)
  t.end()
})

test('the manual page and the schema of summaries are in the package', t => {
  t.match(readFileSync(join(folder, manifest.man), 'utf8'), /^\.TH XENOGRAD 1 /)
  const schema = manifest.exports['./summary.schema.json']
  t.ok(typeof schema === 'string' && JSON.parse(readFileSync(join(folder, schema), 'utf8')).$defs.score)
  t.end()
})

test('CITATION.cff and CHANGELOG.md speak of this version', t => {
  const citation = parse(readFileSync(join(folder, 'CITATION.cff'), 'utf8'))
  t.equal(citation['cff-version'], '1.2.0')
  t.deepEqual([citation.version, citation.license], [manifest.version, manifest.license])
  for (const work of [citation, ...citation.references])
    t.ok(work.title && work.type && work.authors.length > 0, work.title)
  t.ok(readFileSync(join(folder, 'CHANGELOG.md'), 'utf8').includes(manifest.version))
  t.end()
})

test('the recipe for Bioconda is of the packed package', t => {
  const tarball = packTarball()
  const { stdout } = spawnSync(process.execPath, [join(root, '.pack/bioconda.js'), tarball], {
    encoding: 'utf8',
  })
  const variables = Object.fromEntries(
    [...stdout.matchAll(/{% set (\w+) = "(.*)" %}/g)].map(([, name, value]) => [name, value]),
  )
  const recipe = parse(
    stdout
      .replace(/^{%.*%}$/gm, '')
      .replace(/{{ (\w+) }}/g, (_, name) => variables[name])
      .replace(/{{ (pin_subpackage\(.*\)) }}/g, '$1'),
  )
  t.equal(recipe.source.url, `https://registry.npmjs.org/xenograd/-/xenograd-${manifest.version}.tgz`)
  t.equal(recipe.source.sha256, createHash('sha256').update(readFileSync(tarball)).digest('hex'))
  t.deepEqual(recipe.requirements.run, recipe.requirements.host)
  t.equal(recipe.build.noarch, 'generic')
  // What it tests an installation with is true of this one.
  for (const command of recipe.test.commands) {
    const { status, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', command], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${join(folder, '../.bin')}:${process.env.PATH}` },
    })
    t.equal(status, 0, `${command}${stderr}`)
  }
  t.end()
})

test('what the container file copies is there', t => {
  const text = readFileSync(join(root, '.pack/Containerfile'), 'utf8')
  const sources = [...text.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, files]) => files.split(' '))
  t.ok(sources.length > 3)
  for (const file of sources) t.ok(existsSync(join(root, file)), file)
  const built = [...text.matchAll(/^COPY --from=build \/opt\/xenograd\/(\S+) /gm)].map(([, path]) => path)
  const packed = readdirSync(join(folder, 'dist'), { withFileTypes: true })
    .filter(entry => entry.isDirectory() && entry.name !== 'man')
    .map(({ name }) => `dist/${name}`)
  t.deepEqual(built, packed, 'all folders of code')
  t.end()
})

test('what is packed names the repository that the checkout is of, if others can reach it', t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-repository-'))
  const file = join(folder, 'package.json')
  const original = readFileSync(join(root, 'package.json'), 'utf8')
  writeFileSync(file, original)
  const git = (...args: string[]) => spawnSync('git', args, { cwd: folder })
  const run = (moment: string) => {
    const { status } = spawnSync(process.execPath, [join(root, '.pack/repository.js'), moment], {
      cwd: folder,
    })
    t.equal(status, 0, moment)
    return readFileSync(file, 'utf8')
  }
  git('init', '--quiet')
  t.equal(run('prepack'), original, 'without an origin')
  git('remote', 'add', 'origin', '/srv/xenograd')
  t.equal(run('prepack'), original, 'with one on this machine')
  for (const [origin, url] of [
    ['https://me:secret@git.example/bio/xenograd.git', 'git+https://git.example/bio/xenograd.git'],
    ['git@git.example:bio/xenograd.git', 'git+ssh://git@git.example/bio/xenograd.git'],
    ['ssh://git@git.example/bio/xenograd.git', 'git+ssh://git@git.example/bio/xenograd.git'],
  ]) {
    git('remote', 'set-url', 'origin', origin)
    t.deepEqual(JSON.parse(run('prepack')).repository, { type: 'git', url }, origin)
  }
  t.equal(run('postpack'), original, 'and it is taken out again')
  t.end()
})
