import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'tape'

const root = fileURLToPath(new URL('../../', import.meta.url))

const pages = [
  '.',
  'bench',
  'engine',
  'eval',
  'web/guide/chapters',
  'workflows/nextflow',
  'workflows/snakemake',
].flatMap(folder =>
  readdirSync(join(root, folder))
    .filter(name => name.endsWith('.md'))
    .map(name => join(folder, name)),
)

/** The anchors of a page's headings, as GitHub and npm make them. */
const anchorsOf = (page: string): string[] =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

for (const page of pages)
  test(`links of ${page}`, t => {
    const text = readFileSync(join(root, page), 'utf8').replace(/^```[\s\S]*?^```/gm, '')
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target)
    const dead = targets.filter(target => {
      if (/^[a-z]+:/.test(target)) return false
      const [path, anchor] = target.split('#')
      const file = path ? join(dirname(page), path) : page
      return !existsSync(join(root, file)) || (anchor !== undefined && !anchorsOf(file).includes(anchor))
    })
    t.deepEqual(dead, [], 'every relative link leads to a file, and to a heading in it')
    t.end()
  })
