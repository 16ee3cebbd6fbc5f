import { readdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'

// A user's operation is defined where a cell uses it: with all cells loaded, all operations are registered.
const cells = fileURLToPath(new URL('../../model/cells/', import.meta.url))
for (const file of readdirSync(cells))
  if (file.endsWith('.js')) await import(pathToFileURL(cells + file).href)
