import { once } from 'node:events'
import { writeChunks } from '../data/index.js'

/**
 * Writes a table as it comes: to standard output for `-`, at the pace of whoever reads it, else to a file, whole or
 * not at all (gzip if its name ends in `.gz`).
 * @throws what the rows throw; standard output then has the rows before.
 */
export async function writeTable(path: string, rows: AsyncIterable<string>): Promise<void> {
  if (path !== '-') return writeChunks(path, rows)
  for await (const text of rows) if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}
