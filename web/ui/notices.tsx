import { signal } from '@preact/signals'

/** A message that stays until it is dismissed. */
export type Notice = {
  readonly id: number
  readonly kind: 'error' | 'information'
  readonly text: string
  /** Something that may be done about it. */
  readonly action?: { readonly label: string; readonly run: () => void }
}

const notices = signal<readonly Notice[]>([])
let next = 0

/** Show a message above the view. The same text is not shown twice. */
export function notify(kind: Notice['kind'], text: string, action?: Notice['action']): void {
  if (notices.value.some(notice => notice.text === text)) return
  notices.value = [...notices.value, { id: next++, kind, text, ...(action && { action }) }]
}

const dismiss = (id: number): void => {
  notices.value = notices.value.filter(notice => notice.id !== id)
}

// What nobody has caught is a fault of ours; it is better seen than lost in the console.
addEventListener('error', ({ message }) => notify('error', message))
addEventListener('unhandledrejection', ({ reason }) =>
  notify('error', reason instanceof Error ? reason.message : String(reason)),
)

/** The messages, newest last; screen readers hear new ones. */
export function Notices() {
  return (
    <div class="notices" aria-live="polite">
      {notices.value.map(({ id, kind, text, action }) => (
        <div key={id} class={`notice ${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
          <p>{text}</p>
          {action && (
            <button type="button" onClick={action.run}>
              {action.label}
            </button>
          )}
          <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  )
}
