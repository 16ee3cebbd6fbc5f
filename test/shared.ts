import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test, { type TestCase } from 'tape'

// dist/test/shared.js -> the project's root -> its neighbour `shared`, which only the developers' machines and CI have.
const root = fileURLToPath(new URL('../../../shared/', import.meta.url))

/** Absolute path of a file or folder in `../shared`. */
export const sharedPath = (relative: string): string => root + relative

/** A test that needs artefacts from `../shared`; without them it says so and is skipped. */
export function testShared(name: string, body: TestCase): void {
  if (existsSync(root)) test(name, body)
  else test(`${name} (skipped: no ../shared)`, { skip: true }, body)
}
