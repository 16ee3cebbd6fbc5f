import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { installTarball, root, typeErrors } from './tarball.js'

// The code in README.md and engine/GUIDE.md is what it says: it passes the strict type checker and runs, in a folder in
// which the packed package is installed.

/** What pieces of code take as given, by a text in them: imports and definitions that go before. */
const given: Readonly<Record<string, string>> = {
  'checkCell(myCell)': "import { gru as myCell } from './README-1.js'",
  "checkOperation('softsign')": "import './README-3.js'",
  "registerDevice('mine'": `
    const memory = new Map()
    const alloc = bytes => ({ bytes }), free = () => {}, write = () => {}, read = async () => new ArrayBuffer(0)
    const compile = () => null, run = () => {}, close = async () => {}, description = 'one that can do nothing'`,
}

/** Pieces that show a failure when they are run as they are: what they print then. */
const failing: Readonly<Record<string, RegExp>> = {
  "registerDevice('mine'": /device mine: kernel map|a kernel that every device must take/,
}

type Piece = { readonly name: string; readonly language: string; readonly code: string }

const pieces = ['README.md', 'engine/GUIDE.md'].flatMap(page => {
  const blocks = readFileSync(join(root, page), 'utf8').matchAll(/^( *)```(ts|js)\n([\s\S]*?)^\1```/gm)
  const name = page.replace(/^.*\/|\.md$/g, '')
  return [...blocks].map(([, indent, language, code], i): Piece => {
    const lines = code.split('\n').map(line => line.slice(indent.length))
    return { name: `${name}-${i + 1}`, language, code: lines.join('\n') }
  })
})

const entryFor = <T>(table: Readonly<Record<string, T>>, code: string): T | undefined =>
  Object.entries(table).find(([text]) => code.includes(text))?.[1]

const folder = installTarball(['fast-check', 'tape', '@types/tape'])
mkdirSync(join(folder, 'out'))
for (const { name, language, code } of pieces) {
  // Code of this repository's own files imports the engine by its path.
  const imported = code.replace("'../../engine/index.js'", "'xenograd'")
  const whole = `${entryFor(given, code) ?? ''}\n${imported}\nexport {}\n`
  writeFileSync(join(folder, `${name}.${language}`), whole)
}

test('the code of the documents passes the strict type checker', t => {
  const files = pieces.filter(({ language }) => language === 'ts').map(({ name }) => `${name}.ts`)
  t.ok(files.length >= 5, `${files.length} pieces`)
  const options = { noEmit: false, outDir: 'out', skipLibCheck: true }
  t.equal(typeErrors('typescript', folder, files, options), '')
  t.end()
})

for (const { name, language, code } of pieces)
  test(`the code of ${name} runs`, t => {
    const path = language === 'ts' ? join('out', `${name}.js`) : `${name}.js`
    const { status, stdout, stderr } = spawnSync(process.execPath, [path], { cwd: folder, encoding: 'utf8' })
    const failure = entryFor(failing, code)
    if (failure) t.match(stdout + stderr, failure, 'it gets as far as it can')
    else t.equal(status, 0, stderr || 'ends with code 0')
    t.end()
  })

test("the README's cell is model/cells/gru.ts", t => {
  const file = readFileSync(join(root, 'model/cells/gru.ts'), 'utf8').replace(/^\/\*\*.*\*\/\n/m, '')
  // However either is broken into lines.
  const tokens = (code: string) => code.replace(/\s+/g, '').replaceAll(',)', ')')
  t.ok(pieces.some(({ code }) => tokens(code) === tokens(file)))
  t.end()
})
