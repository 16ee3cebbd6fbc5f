/** Declarations that a cell is checked against, made by `vite/declarations.ts`. */
declare module 'virtual:declarations' {
  /** By path. */
  export const texts: Readonly<Record<string, string>>
  /** Paths, by the names that a cell imports. */
  export const doors: Readonly<Record<string, string>>
}
