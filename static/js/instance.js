// What this server says about itself: its name, who may register, whether it was set up.
import { call } from './api.js';
import { createStore, useStore } from './store.js';

const instance = createStore(null);

export const useInstance = () => useStore(instance);

// A server that can't be asked leaves the name out; the pages work without it.
export async function loadInstance() {
  try {
    instance.set(await call('GET', '/instance'));
  } catch {
    instance.set(null);
  }
}
