import { readdir } from 'node:fs/promises'

const folder = new URL('./cells/', import.meta.url)

/** The modules in model/cells, by name: a file put there is found. (Bundlers for pages have a list instead: web/standIns.) */
export async function cellModules(): Promise<Readonly<Record<string, unknown>>[]> {
  const files = (await readdir(folder)).filter(name => name.endsWith('.js')).sort()
  return Promise.all(files.map(name => import(new URL(name, folder).href)))
}
