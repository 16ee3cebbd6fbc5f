import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { basename, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { initialize, resolveSync } from './engineResolver.js'

/** A file of the user's code that cannot be run. The message begins with the file, and the line where one is known. */
export class CodeFileError extends Error {
  override readonly name = 'CodeFileError'
}

/** Whether a name is that of a file with code: JavaScript, or TypeScript. */
export const isCodeFile = (name: string): boolean => /\.[cm]?[jt]s$/.test(name)

/**
 * What a file of the user's code exports. Its code runs, so this is for files that users name themselves (a command line,
 * a program), never for a name that stands in a model or another file. `xenograd` in it is this very package.
 * @throws CodeFileError when there is no such file, when this Node cannot read it, or for what it throws.
 */
export async function importCodeFile(path: string): Promise<Readonly<Record<string, unknown>>> {
  if (!existsSync(path)) throw new CodeFileError(`${path}: there is no such file`)
  if (/\.[cm]?ts$/.test(path) && !stripsTypes())
    throw new CodeFileError(
      `${path}: Node ${process.versions.node} runs no TypeScript; use Node 22.18 or later, or compile the file and give the .js file`,
    )
  const url = pathToFileURL(resolve(path)).href
  const withdraw = resolveToThisPackage(url)
  try {
    return await import(url)
  } catch (error) {
    throw new CodeFileError(await describeProblem(path, error), { cause: error })
  } finally {
    withdraw()
  }
}

const stripsTypes = (): boolean => 'typescript' in process.features && process.features.typescript !== false

/** Has Node's loader ask `engineResolver` about the imports of a file; the result ends that, where Node can. */
function resolveToThisPackage(url: string): () => void {
  type SynchronousHooks = {
    registerHooks?(hooks: { resolve: typeof resolveSync }): { deregister(): void }
  }
  const { register, registerHooks }: typeof nodeModule & SynchronousHooks = nodeModule
  if (!registerHooks) {
    register(new URL(/* @vite-ignore */ './engineResolver.js', import.meta.url), { data: url })
    return () => {}
  }
  initialize(url)
  const hooks = registerHooks({ resolve: resolveSync })
  return () => hooks.deregister()
}

/** What is wrong with a file and what to do, in a line. */
async function describeProblem(path: string, error: unknown): Promise<string> {
  if (!(error instanceof Error)) return `${path}: it throws ${String(error)}`
  const place = placeIn(error.stack) ?? (error instanceof SyntaxError && (await placeOfSyntaxError(path)))
  const elsewhere = error instanceof SyntaxError ? `${path}, in a file that it imports` : path
  const where = place ? `${place.file} line ${place.line}` : elsewhere
  const problem = `${error.name}: ${error.message.split('\n')[0]}`.replace(/^Error: /, '')
  return `${where}: ${problem}${advice(path, error.message)}`
}

type Place = { readonly file: string; readonly line: number }

/** The first place in a stack, or in what Node prints above it, that is in code of the user's. */
function placeIn(stack = ''): Place | undefined {
  const here = fileURLToPath(new URL(/* @vite-ignore */ '..', import.meta.url))
  for (const line of stack.split('\n')) {
    const match = /^(?:\s+at .*?)?\(?((?:file:\/\/)?(?:\/|[A-Z]:\\).*?):(\d+)(?::\d+)?\)?$/.exec(line)
    if (!match || line.includes('node:internal')) continue
    const file = match[1].startsWith('file:') ? fileURLToPath(match[1]) : match[1]
    if (!file.startsWith(here)) return { file: relative('.', file), line: Number(match[2]) }
  }
  return undefined
}

/** Errors of syntax in ES modules do not say where they are, unless Node is asked to check the file alone. */
const placeOfSyntaxError = (path: string): Promise<Place | undefined> =>
  new Promise(done => {
    execFile(process.execPath, ['--check', resolve(path)], (_, __, stderr) => done(placeIn(stderr)))
  })

/** What to do about an error, as far as its message says. */
function advice(path: string, message: string): string {
  const stem = basename(path).replace(/\.[^.]*$/, '')
  if (/Cannot use import statement outside a module|Unexpected token 'export'/.test(message))
    return `; Node takes the file for CommonJS: name it ${stem}.mjs, or write "type": "module" into the package.json of its folder`
  if (/is not defined in ES module scope/.test(message))
    return `; Node takes the file for an ES module: write import and export, or name it ${stem}.cjs`
  if (/Cannot find module 'xenograd/.test(message))
    return `; write import instead of require (in ${stem}.mjs): it finds this command's xenograd`
  const missing = /Cannot find package '([^']+)'/.exec(message)?.[1]
  return missing === undefined ? '' : `; run npm install ${missing} in the folder of the file`
}
