import { everything, type Filter } from './order.js'

type Props = {
  /** What the score is called. */
  readonly score: string
  readonly labels: readonly string[]
  readonly filter: Filter
  readonly onFilter: (filter: Filter) => void
}

/** Which reads the table shows. */
export function FilterForm({ score, labels, filter, onFilter }: Props) {
  const number = (
    key: 'lowestScore' | 'highestScore' | 'shortest' | 'longest',
    label: string,
    name = label,
  ) => (
    <label>
      {label}
      <input
        type="number"
        aria-label={name}
        step="any"
        value={filter[key] ?? ''}
        onInput={({ currentTarget: { value } }) =>
          onFilter({ ...filter, [key]: value === '' ? undefined : Number(value) })
        }
      />
    </label>
  )
  return (
    <form class="settings filter" aria-label="Filter" onSubmit={event => event.preventDefault()}>
      <label class="wide">
        Name has
        <input
          type="search"
          value={filter.name}
          spellcheck={false}
          autocomplete="off"
          onInput={({ currentTarget }) => onFilter({ ...filter, name: currentTarget.value })}
        />
      </label>
      <label>
        Call
        <select
          value={filter.call}
          onChange={({ currentTarget }) => onFilter({ ...filter, call: callOf(currentTarget.value) })}
        >
          <option value="all">all</option>
          <option value="known">{labels[0]}</option>
          <option value="unknown">{labels[1]}</option>
          <option value="none">{labels[2]}</option>
        </select>
      </label>
      {number('lowestScore', `${score} from`)}
      {number('highestScore', 'to', `${score} to`)}
      {number('shortest', 'Length from')}
      {number('longest', 'to', 'Length to')}
      <button type="button" disabled={filter === everything} onClick={() => onFilter(everything)}>
        Show all
      </button>
    </form>
  )
}

const callOf = (value: string): Filter['call'] =>
  value === 'known' || value === 'unknown' || value === 'none' ? value : 'all'
