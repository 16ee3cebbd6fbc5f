import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TestCase } from 'tape'
import { testUnless } from './testUnless.js'

// dist/test/shared.js -> the project's root -> its neighbour `shared`, which only the developers' machines and CI have.
const root = fileURLToPath(new URL('../../../shared/', import.meta.url))

/** Absolute path of a file or folder in `../shared`. */
export const sharedPath = (relative: string): string => root + relative

/** A test that needs artefacts from `../shared`; without them it says so and is skipped. */
export const testShared = (name: string, body: TestCase): void =>
  testUnless(existsSync(root) ? undefined : 'no ../shared', name, body)
