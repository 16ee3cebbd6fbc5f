import { doors, texts } from 'virtual:declarations'
import ts from 'typescript5'
import type { Answer, Ask, Diagnostic, QuestionName, Questions } from './protocol.js'

// TypeScript's own language service over one file, the cell, and the declarations of what it may import.

const cellFile = '/cell.ts'
let cell = { text: '', version: 0 }

const textOf = (file: string): string | undefined => (file === cellFile ? cell.text : texts[file])

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ['lib.es2023.d.ts'],
  strict: true,
  skipLibCheck: true,
  noEmit: true,
  types: [],
}

const host: ts.LanguageServiceHost = {
  getCompilationSettings: () => options,
  getScriptFileNames: () => [cellFile],
  getScriptVersion: file => (file === cellFile ? String(cell.version) : '0'),
  getScriptSnapshot(file) {
    const text = textOf(file)
    return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
  },
  getCurrentDirectory: () => '/',
  getDefaultLibFileName: () => '/lib.es2023.d.ts',
  fileExists: file => textOf(file) !== undefined,
  readFile: textOf,
  resolveModuleNameLiterals: (literals, importer) =>
    literals.map(({ text }) => {
      const file = doors[text] ?? new URL(text.replace(/\.js$/, '.d.ts'), `file://${importer}`).pathname
      return {
        resolvedModule:
          textOf(file) === undefined
            ? undefined
            : { resolvedFileName: file, extension: ts.Extension.Dts, isExternalLibraryImport: false },
      }
    }),
}

const service = ts.createLanguageService(host)

const severities: Readonly<Partial<Record<ts.DiagnosticCategory, Diagnostic['severity']>>> = {
  [ts.DiagnosticCategory.Error]: 'error',
  [ts.DiagnosticCategory.Warning]: 'warning',
}

const toDiagnostic = ({ start = 0, length = 0, category, messageText }: ts.Diagnostic): Diagnostic => ({
  from: start,
  to: start + length,
  severity: severities[category] ?? 'info',
  message: ts.flattenDiagnosticMessageText(messageText, '\n'),
})

const answers: {
  readonly [N in QuestionName]: (question: Questions[N]['question']) => Questions[N]['answer']
} = {
  diagnostics: () => [
    ...service.getSyntacticDiagnostics(cellFile).map(toDiagnostic),
    ...service.getSemanticDiagnostics(cellFile).map(toDiagnostic),
  ],
  completions({ text, position }) {
    const found = service.getCompletionsAtPosition(cellFile, position, {
      includeCompletionsForModuleExports: false,
    })
    if (!found) return undefined
    const word = /[\w$]*$/.exec(text.slice(0, position))?.[0] ?? ''
    return {
      from: position - word.length,
      items: found.entries.map(({ name, kind, sortText }) => ({ name, kind, sortText })),
    }
  },
  meaning({ position }) {
    const info = service.getQuickInfoAtPosition(cellFile, position)
    if (!info) return undefined
    const { start, length } = info.textSpan
    return {
      from: start,
      to: start + length,
      type: ts.displayPartsToString(info.displayParts),
      documentation: ts.displayPartsToString(info.documentation),
    }
  },
}

function answer<N extends QuestionName>(name: N, question: Questions[N]['question']): Questions[N]['answer'] {
  if (question.text !== cell.text) cell = { text: question.text, version: cell.version + 1 }
  return answers[name](question)
}

globalThis.onmessage = ({ data: { id, name, question } }: MessageEvent<Ask>) => {
  const post = (message: Answer): void => globalThis.postMessage(message)
  try {
    post({ id, answer: answer(name, question) })
  } catch (error) {
    post({ id, error: String(error) })
  }
}
