// Addresses: which page a path names, moving between them, and links that move without reloading.
import { createStore } from './store.js';

export const address = createStore(read());

export function navigate(path, { replace = false } = {}) {
  if (replace) history.replaceState(null, '', path);
  else history.pushState(null, '', path);
  address.set(read());
}

// The first route whose pattern (":name" stands for one segment) fits, with its parameters.
export function matchRoute(routes, path) {
  for (const route of routes) {
    const names = [];
    const pattern = route.path.replace(/:(\w+)/g, (_, name) => { names.push(name); return '([^/]+)'; });
    const found = new RegExp(`^${pattern}/?$`).exec(path);
    if (found) return { route, params: Object.fromEntries(names.map((name, at) => [name, decode(found[at + 1])])) };
  }
  return { route: null, params: {} };
}

// What a link carries behind "#": secrets, which a browser sends to nobody. `take` also removes it from the
// address bar and the history.
export function fragment({ take = false } = {}) {
  const text = decode(location.hash.slice(1));
  if (take && location.hash) history.replaceState(history.state, '', location.pathname + location.search);
  return text;
}

// Calls `work` when another link of the same page is opened in its place. Gives back what stops that.
export function onFragment(work) {
  const changed = () => { if (location.hash) work(); };
  window.addEventListener('hashchange', changed);
  return () => window.removeEventListener('hashchange', changed);
}

// Where to go after signing in: only ever a page of this app.
export function nextAfterSignIn(query) {
  const next = new URLSearchParams(query).get('next') ?? '';
  return /^\/app\/[\w\-./%]*$/.test(next) && !/^\/app\/(sign-in|second-factor)/.test(next) ? next : '/';
}

function read() {
  return { path: location.pathname, query: location.search };
}

function decode(segment) {
  try { return decodeURIComponent(segment); } catch { return segment; }
}

window.addEventListener('popstate', () => address.set(read()));

document.addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest?.('a[href]');
  if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
  if (link.hash && link.pathname === location.pathname) return;
  if (link.pathname !== '/' && !link.pathname.startsWith('/app/')) return;
  event.preventDefault();
  navigate(link.pathname + link.search);
});
