/** Writes what the package has of the command line beside its code: the manual page, and the schema of summaries. */
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { writeFileAtomic } from '../data/index.js'
import { version } from '../model/index.js'
import { manPage } from './manPage.js'
import { xenogradProgram } from './program.js'
import { summarySchema } from './summary.js'

const inPackage = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

const program = xenogradProgram()
await mkdir(inPackage('man'), { recursive: true })
await writeFileAtomic(
  inPackage('summary.schema.json'),
  `${JSON.stringify(summarySchema(program), undefined, 2)}\n`,
)
const today = new Date().toISOString().slice(0, 10)
await writeFileAtomic(inPackage('man/xenograd.1'), manPage(program, version().split(' ')[0], today))
