import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import test from 'tape'
import { installTarball } from './tarball.js'

const folder = join(installTarball(), 'node_modules', 'xenograd')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })

test('maps have their sources with them', t => {
  const maps = files.filter(name => name.endsWith('.map'))
  t.ok(maps.length > 100, `${maps.length} maps`)
  const without = maps.filter(name => {
    const { sources, sourcesContent = [] } = JSON.parse(readFileSync(join(folder, name), 'utf8'))
    return sources.some((_: string, i: number) => typeof sourcesContent[i] !== 'string')
  })
  t.deepEqual(without, [])
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
