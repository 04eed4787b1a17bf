// Arriving by the phone's own camera: the page opens at /S/CODE. A code lives for seconds and
// signing in may take a minute, so the code is traded at once for a hold that lives ten minutes.
import { call } from './api.js';
import { newNonce } from './code.js';
import { createStore } from './store.js';

const KEY = 'arrival';

// null, or {hold, event_name, expires_at, nonce}, or {problem, code} when no hold was given.
export const arrival = createStore(restore());

export async function tradeForHold(code) {
  forgetArrival();
  try {
    const { hold, event_name, expires_at } = await call('POST', '/scans/holds', { body: { code } });
    const held = { hold, event_name, expires_at, nonce: newNonce() };
    try { sessionStorage.setItem(KEY, JSON.stringify(held)); } catch { /* lives in memory only */ }
    arrival.set(held);
  } catch (problem) {
    arrival.set({ problem, code });
  }
}

export function forgetArrival() {
  try { sessionStorage.removeItem(KEY); } catch { /* nothing was kept */ }
  arrival.set(null);
}

function restore() {
  try {
    const held = JSON.parse(sessionStorage.getItem(KEY));
    return held && Date.parse(held.expires_at) > Date.now() ? held : null;
  } catch {
    return null;
  }
}
