/** A document of the guide. Fields `html` and `summary` are HTML, made when the page is built (vite/documents). */
export type ChapterPage = {
  /** Its name in addresses. */
  readonly id: string
  readonly title: string
  readonly summary: string
  /** Whether it was written for the guide; the others are documents of the project. */
  readonly own: boolean
  readonly html: string
}

/** A public name of the package, or a member of one. What is empty is not said. */
export type EntryPage = {
  readonly name: string
  readonly kind: 'class' | 'function' | 'type' | 'constant' | 'namespace' | 'member'
  readonly summary: string
  readonly signature: string
  readonly html: string
  readonly parameters: readonly { readonly name: string; readonly html: string }[]
  readonly returns: string
  readonly throws: readonly string[]
  readonly examples: readonly string[]
  /** File and line. */
  readonly place: string
  readonly source: string
  readonly members: readonly EntryPage[]
}

/** A door of the package. */
export type ModulePage = {
  readonly id: string
  readonly name: string
  readonly summary: string
  /** What its file says of the folder, after the summary. */
  readonly html: string
  readonly entries: readonly EntryPage[]
}

/** What a search can find: a section of a chapter, a name, a member of one. */
export type Passage = {
  readonly address: string
  readonly title: string
  /** The chapter or the module that it is in. */
  readonly place: string
  readonly text: string
}

/** What lists say of a document before it is loaded, and how it is. */
export type Listed<Head, Page> = Head & { readonly load: () => Promise<Page> }

/** A chapter in a list. */
export type ListedChapter = Listed<Omit<ChapterPage, 'html'>, string>

/** A door in a list, with the number of its names. */
export type ListedModule = Listed<
  Pick<ModulePage, 'id' | 'name' | 'summary'> & { readonly count: number },
  ModulePage
>
