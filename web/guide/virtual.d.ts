declare module 'virtual:documents/contents' {
  export const chapters: readonly import('./documents.js').ListedChapter[]
  export const modules: readonly import('./documents.js').ListedModule[]
}

declare module 'virtual:documents/search' {
  const passages: readonly import('./documents.js').Passage[]
  export default passages
}
