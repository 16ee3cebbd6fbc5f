import { useEffect, useState } from 'preact/hooks'

/** A value as it is when it has not changed for some milliseconds: for what takes longer to draw than a pointer moves. */
export function useSettled<T>(value: T, milliseconds: number): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds)
    return () => clearTimeout(timer)
  }, [value, milliseconds])
  return settled
}
