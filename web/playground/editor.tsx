/** The editor of a cell's text: CodeMirror, with what TypeScript knows of the text. */
import { autocompletion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete'
import { javascript } from '@codemirror/lang-javascript'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { type Diagnostic, linter, lintGutter } from '@codemirror/lint'
import { StateEffect, StateField } from '@codemirror/state'
import { EditorView, hoverTooltip, type Tooltip } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { basicSetup } from 'codemirror'
import { useEffect, useRef, useState } from 'preact/hooks'
import { type LanguageService, openLanguageService } from '../language/index.js'
import type { CellProblem } from '../work/index.js'

/** Colours are the page's own, in light and dark. */
const highlighting = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: 'var(--code-keyword)' },
  { tag: [tags.string, tags.number, tags.bool], color: 'var(--code-literal)' },
  { tag: [tags.comment], color: 'var(--code-comment)', fontStyle: 'italic' },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.propertyName)],
    color: 'var(--code-function)',
  },
  { tag: [tags.typeName, tags.className], color: 'var(--code-type)' },
])

const look = EditorView.theme({
  '&': { backgroundColor: 'var(--raised)', fontSize: '0.82rem' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '2px' },
  '.cm-content, .cm-gutters': { fontFamily: 'var(--mono)' },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--soft)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--tint)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--accent) 25%, transparent)',
  },
  '.cm-tooltip, .cm-panels, .cm-panel.cm-panel-lint ul': {
    backgroundColor: 'var(--paper)',
    color: 'var(--ink)',
  },
  '.cm-tooltip': { border: '1px solid var(--line)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--accent)',
    color: 'var(--on-accent)',
  },
  '.cm-panel.cm-panel-lint ul [aria-selected], .cm-panel.cm-panel-lint ul:focus [aria-selected]': {
    backgroundColor: 'var(--tint)',
    color: 'var(--ink)',
  },
  '.cm-panel button, .cm-textfield': {
    background: 'var(--raised)',
    color: 'var(--ink)',
    border: '1px solid var(--line)',
  },
  '.cm-foldPlaceholder': { backgroundColor: 'var(--tint)', color: 'var(--soft)', border: 'none' },
})

const docOf = (view: EditorView): string => view.state.doc.toString()

/** Errors of syntax and types, where they are; `onFound` is told them with their lines. */
const typeErrors = (service: LanguageService, onFound: (problems: readonly CellProblem[]) => void) =>
  linter(
    async (view): Promise<Diagnostic[]> => {
      const text = docOf(view)
      const diagnostics = await service.ask('diagnostics', { text })
      onFound(
        diagnostics.map(({ from, message }) => ({ message, line: text.slice(0, from).split('\n').length })),
      )
      return diagnostics.map(diagnostic => ({ ...diagnostic, source: 'TypeScript' }))
    },
    { delay: 300 },
  )

const setProblem = StateEffect.define<CellProblem | undefined>()

/** What running the text has found, until it is changed. */
const problemField = StateField.define<CellProblem | undefined>({
  create: () => undefined,
  update(problem, { effects, docChanged }) {
    const set = effects.find(effect => effect.is(setProblem))
    if (set) return set.value
    return docChanged ? undefined : problem
  },
})

/** That problem at its line, beside what TypeScript says. */
const runtimeErrors = linter(
  ({ state }): Diagnostic[] => {
    const { line, message = '' } = state.field(problemField) ?? {}
    if (line === undefined || line > state.doc.lines) return []
    const { from, to, text } = state.doc.line(line)
    const indent = text.length - text.trimStart().length
    return [
      { from: from + indent, to, severity: 'error', message: message.split('\n')[0], source: 'when it runs' },
    ]
  },
  {
    delay: 0,
    needsRefresh: ({ transactions }) =>
      transactions.some(({ effects }) => effects.some(effect => effect.is(setProblem))),
  },
)

const kinds: Readonly<Record<string, string>> = {
  const: 'constant',
  let: 'variable',
  var: 'variable',
  parameter: 'variable',
  alias: 'function',
}

const completions =
  (service: LanguageService) =>
  async (context: CompletionContext): Promise<CompletionResult | null> => {
    if (!context.explicit && !context.matchBefore(/[\w$.]$/)) return null
    const text = context.state.doc.toString()
    const found = await service.ask('completions', { text, position: context.pos })
    if (!found || context.aborted) return null
    return {
      from: found.from,
      options: found.items.map(({ name, kind, sortText }) => ({
        label: name,
        type: kinds[kind] ?? kind,
        sortText,
      })),
      validFor: /^[\w$]*$/,
    }
  }

const meanings = (service: LanguageService) =>
  hoverTooltip(async (view, position): Promise<Tooltip | null> => {
    const meaning = await service.ask('meaning', { text: docOf(view), position })
    if (!meaning) return null
    return {
      pos: meaning.from,
      end: meaning.to,
      above: true,
      create() {
        const dom = document.createElement('div')
        dom.className = 'meaning'
        const type = document.createElement('code')
        type.textContent = meaning.type
        const documentation = document.createElement('p')
        documentation.textContent = meaning.documentation
        dom.append(type, documentation)
        return { dom }
      },
    }
  })

export type EditorProps = {
  /**
   * What it begins with; another object replaces what is there. It is not the text as it is: that would come back while
   * somebody types on.
   */
  readonly start: { readonly text: string }
  readonly onChange: (text: string) => void
  /** What running the text has found, beside what TypeScript says. */
  readonly problem?: CellProblem | undefined
}

export function Editor({ start, onChange, problem }: EditorProps) {
  const parent = useRef<HTMLDivElement>(null)
  const editor = useRef<EditorView | undefined>(undefined)
  const [typeProblems, setTypeProblems] = useState<readonly CellProblem[]>([])
  const changed = useRef(onChange)
  changed.current = onChange
  useEffect(() => {
    if (!parent.current) return
    const service = openLanguageService()
    const view = new EditorView({
      doc: start.text,
      parent: parent.current,
      extensions: [
        basicSetup,
        javascript({ typescript: true }),
        syntaxHighlighting(highlighting),
        look,
        lintGutter(),
        EditorView.lineWrapping,
        problemField,
        runtimeErrors,
        typeErrors(service, setTypeProblems),
        autocompletion({ override: [completions(service)] }),
        meanings(service),
        EditorView.contentAttributes.of({ 'aria-label': 'The text of the cell' }),
        EditorView.updateListener.of(update => {
          if (update.docChanged) changed.current(docOf(update.view))
        }),
      ],
    })
    editor.current = view
    return () => {
      view.destroy()
      service.close()
    }
  }, [])
  useEffect(() => {
    const view = editor.current
    if (!view || docOf(view) === start.text) return
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: start.text } })
  }, [start])
  useEffect(() => editor.current?.dispatch({ effects: setProblem.of(problem) }), [problem])
  return (
    <>
      <div class="editor" ref={parent} />
      <ul class="problems" aria-live="polite">
        {typeProblems.map(({ line, message }) => (
          <li key={`${line} ${message}`}>
            <strong>Line {line}</strong> {message}
          </li>
        ))}
      </ul>
    </>
  )
}
