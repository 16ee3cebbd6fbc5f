/** Texts of declarations by path, made by `vite/declarations.ts`. */
declare module 'virtual:declarations' {
  const texts: Readonly<Record<string, string>>
  export default texts
}
