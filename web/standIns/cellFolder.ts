/** For `model/cellFolder` in a page: the bundler lists the folder, so that a cell that is put there is found here, too. */
const modules = import.meta.glob<Readonly<Record<string, unknown>>>('../../model/cells/*.ts', { eager: true })

/** The modules in model/cells, by name. */
export const cellModules = async (): Promise<Readonly<Record<string, unknown>>[]> =>
  Object.keys(modules)
    .sort()
    .map(path => modules[path])
