import { spawnSync } from 'node:child_process'
import type { Test } from 'tape'
import { testUnless } from './testUnless.js'

/** Interpreters to try: the one that `PYTHON` names, else the system's, else the first on the path. */
const interpreters = [process.env.PYTHON, '/usr/bin/python3', 'python3'].filter(name => name !== undefined)

/**
 * A test against a Python program. `modules`: what the program imports; without an interpreter that has them the test
 * says so and is skipped. `body` is given what runs a script: with JSON on its standard input, and its output as JSON.
 */
export function testPython(
  name: string,
  modules: readonly string[],
  body: (t: Test, run: (script: string, input: unknown) => unknown) => Promise<void>,
): void {
  const imports = `import ${modules.join(', ')}`
  const python = interpreters.find(path => spawnSync(path, ['-c', imports]).status === 0)
  const packages = modules.map(module => `python3-${module.split('.').at(-1)}`).join(' ')
  const missing = `no Python with ${modules.join(', ')}; apt-get install ${packages}, or set PYTHON`
  testUnless(python === undefined ? missing : undefined, name, t =>
    body(t, (script, input) => {
      const ended = spawnSync(python ?? '', [script], {
        input: JSON.stringify(input),
        encoding: 'utf8',
        maxBuffer: 2 ** 28,
      })
      if (ended.status !== 0) throw new Error(`${script}: ${ended.stderr || ended.error}`)
      return JSON.parse(ended.stdout)
    }),
  )
}
