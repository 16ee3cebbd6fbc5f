import test, { type TestCase } from 'tape'

/**
 * A test that runs unless something is missing here: then it says what, with how to get it, and is skipped.
 * `missing`: as in `no snakemake; apt-get install snakemake`.
 */
export function testUnless(missing: string | undefined, name: string, body: TestCase): void {
  if (missing === undefined) test(name, body)
  else test(`${name} (skipped: ${missing})`, { skip: true }, () => {})
}
