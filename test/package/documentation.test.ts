import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { documents, examples, type Piece, piecesOf, publicNames } from './pieces.js'
import { installTarball, root, typeErrors } from './tarball.js'

// The code in README.md, engine/GUIDE.md, the chapters of the page's guide and the docstrings is what it says: it passes
// the strict type checker and runs, in a folder in which the packed package is installed, and prints what its comments
// say that it prints.

/** What pieces of code take as given, by a text in them: imports and definitions that go before. */
const given: Readonly<Record<string, string>> = {
  'checkCell(myCell)': "import { gru as myCell } from './README-1.js'",
  "checkOperation('softsign')": "import './README-3.js'",
  "registerDevice('mine'": `
    const memory = new Map()
    const alloc = bytes => ({ bytes }), free = () => {}, write = () => {}, read = async () => new ArrayBuffer(0)
    const compile = () => null, run = () => {}, close = async () => {}, description = 'one that can do nothing'`,
}

/** Files that pieces import, and the beginning of the piece that is in them. */
const files: Readonly<Record<string, string>> = {
  'minimal.mjs': "import { concat, defineCell } from 'xenograd'",
}

/** Pieces that show a failure when they are run as they are: what they print then. */
const failing: Readonly<Record<string, RegExp>> = {
  "registerDevice('mine'": /device mine: kernel map|a kernel that every device must take/,
}

const pieces: Piece[] = [
  ...documents.flatMap(document => piecesOf(document, ['ts', 'js'])),
  // An example that stands at two doors is the same.
  ...new Map(examples.map(example => [example.code, example])).values(),
]

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
for (const [file, beginning] of Object.entries(files))
  writeFileSync(join(folder, file), pieces.find(({ code }) => code.startsWith(beginning))?.code ?? '')

/** What `console.log(…) // …` says that it prints. */
const promised = (code: string): string[] =>
  [...code.matchAll(/console\.log\(.*\)+ \/\/ (.*)$/gm)].map(([, text]) => text)

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
    const lines = promised(code)
    if (lines.length) t.deepEqual(stdout.trimEnd().split('\n'), lines, 'prints what it says')
    t.end()
  })

test("the README's cell is model/cells/gru.ts", t => {
  const file = readFileSync(join(root, 'model/cells/gru.ts'), 'utf8').replace(/^\/\*\*.*\*\/\n/m, '')
  // However either is broken into lines.
  const tokens = (code: string) => code.replace(/\s+/g, '').replaceAll(',)', ')')
  t.ok(pieces.some(({ code }) => tokens(code) === tokens(file)))
  t.end()
})

test('every public name says what it is', t => {
  const silent = publicNames.filter(({ text, throws }) => !text && !throws.length)
  t.deepEqual(
    silent.map(({ door, name, file, line }) => `${name} of ${door} (${file}, line ${line})`),
    [],
    `${publicNames.length} names have a docstring`,
  )
  t.ok(examples.length >= 10, `${examples.length} of them have an example`)
  t.end()
})
