// A value that components can watch. Session, language, address and arrival are each one store.
import { useEffect, useState } from './view.js';

export function createStore(initial) {
  let value = initial;
  const watchers = new Set();
  return {
    get: () => value,
    set(next) {
      if (next === value) return;
      value = next;
      for (const watcher of [...watchers]) watcher(value);
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

export function useStore(store) {
  const [value, setValue] = useState(store.get());
  useEffect(() => {
    // The value may have changed between the first render and this effect.
    setValue(store.get());
    return store.watch(setValue);
  }, [store]);
  return value;
}
