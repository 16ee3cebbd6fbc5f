/** A place in a text: offsets in UTF-16 units, and what is to be said of it. */
export type Diagnostic = {
  readonly from: number
  readonly to: number
  readonly severity: 'error' | 'warning' | 'info'
  readonly message: string
}

/** What may stand at a place. */
export type Completion = {
  readonly name: string
  /** TypeScript's name of its kind: `const`, `method`, … */
  readonly kind: string
  /** Lower comes first. */
  readonly sortText: string
}

/** What a name means: its type, and its docstring. */
export type Meaning = {
  readonly from: number
  readonly to: number
  readonly type: string
  readonly documentation: string
}

/** Questions about a cell's text, and their answers. */
export type Questions = {
  diagnostics: { question: { text: string }; answer: readonly Diagnostic[] }
  /** `from`: where the word that is being written begins. */
  completions: {
    question: { text: string; position: number }
    answer: { from: number; items: readonly Completion[] } | undefined
  }
  meaning: { question: { text: string; position: number }; answer: Meaning | undefined }
}

export type QuestionName = keyof Questions

export type Ask = {
  [N in QuestionName]: { readonly id: number; readonly name: N; readonly question: Questions[N]['question'] }
}[QuestionName]

export type Answer =
  | { readonly id: number; readonly answer: Questions[QuestionName]['answer'] }
  | { readonly id: number; readonly error: string }
