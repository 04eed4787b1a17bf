// Who is signed in. The access token lives in memory only; the refresh token is an HttpOnly cookie
// that this code never sees. A refresh token works once, so only one refresh may run at a time:
// within this tab by sharing the promise, across tabs by a lock.
import { call, openStream, Problem } from './api.js';
import { knowsLanguage, setLanguage } from './i18n.js';
import { createStore, useStore } from './store.js';

const FLAG = 'signed_in';
const LOCK = 'appliance-refresh';
const EARLY_MILLISECONDS = 30_000;

// phase: booting | signed_out | signed_in | unreachable; `ended`: signed out by the server.
export const session = createStore({ phase: 'booting', user: null, ended: false });

let accessToken = null;
let expiresAt = 0;
let refreshing = null;

export function useUser() {
  return useStore(session).user;
}

export function isStaff(user) {
  return user?.role === 'staff' || user?.role === 'admin';
}

export function isAdmin(user) {
  return user?.role === 'admin';
}

export async function bootSession() {
  // A visitor who never signed in here has no cookie worth asking about.
  if (!remembered()) return signedOut();
  session.set({ phase: 'booting', user: null, ended: false });
  try {
    await refresh();
  } catch (problem) {
    if (problem.status === 401) signedOut();
    else session.set({ phase: 'unreachable', user: null, ended: false });
  }
}

export async function signIn(identifier, password) {
  await accept(await call('POST', '/auth/login', { body: { identifier, password, use_cookie: true } }));
}

export async function signOut() {
  try {
    await signedCall('POST', '/auth/logout');
  } catch (problem) {
    // Already ended is as good as ended; anything else would leave a live session behind.
    if (problem.status !== 401) throw problem;
  }
  signedOut();
}

export async function saveProfile(changes) {
  const user = await signedCall('PATCH', '/me', { body: changes });
  session.set({ phase: 'signed_in', user, ended: false });
  return user;
}

// A call in the name of the signed-in user.
export function signedCall(method, path, options = {}) {
  return signed((token) => call(method, path, { ...options, token }));
}

// The same, answered by a stream that goes on until `signal` says otherwise.
export function signedStream(path, options) {
  return signed((token) => openStream(path, { ...options, token }));
}

// Refreshes before expiry, and once more if the server says that the token expired all the same (a
// phone's clock may jump while it sleeps).
async function signed(work) {
  try {
    if (Date.now() > expiresAt - EARLY_MILLISECONDS) await refresh();
    return await work(accessToken);
  } catch (problem) {
    if (problem.code === 'TOKEN_EXPIRED') {
      try {
        await refresh();
        return await work(accessToken);
      } catch (second) {
        throw endedBy(second);
      }
    }
    throw endedBy(problem);
  }
}

function endedBy(problem) {
  if (problem instanceof Problem && problem.status === 401 && session.get().phase === 'signed_in') {
    signedOut({ ended: true });
  }
  return problem;
}

function refresh() {
  refreshing ??= withLock(async () => {
    // The answer holds the next cookie: lost in a hasty reload, it would leave one already used.
    await accept(await call('POST', '/auth/refresh', { body: {}, outlive: true }));
  }).finally(() => { refreshing = null; });
  return refreshing;
}

function withLock(work) {
  return navigator.locks ? navigator.locks.request(LOCK, work) : work();
}

async function accept({ access_token, expires_in, user }) {
  accessToken = access_token;
  expiresAt = Date.now() + expires_in * 1000;
  remember(true);
  if (knowsLanguage(user.language)) await setLanguage(user.language);
  session.set({ phase: 'signed_in', user, ended: false });
}

function signedOut({ ended = false } = {}) {
  accessToken = null;
  expiresAt = 0;
  remember(false);
  session.set({ phase: 'signed_out', user: null, ended });
}

// Storage may be switched off altogether; then every visit simply starts signed out.
function remembered() {
  try { return localStorage.getItem(FLAG) === '1'; } catch { return false; }
}

function remember(yes) {
  try {
    if (yes) localStorage.setItem(FLAG, '1');
    else localStorage.removeItem(FLAG);
  } catch { /* nothing to remember with */ }
}

// Signing out in one tab signs out the others.
window.addEventListener('storage', (event) => {
  if (event.key === FLAG && event.newValue === null && session.get().phase === 'signed_in') {
    accessToken = null;
    session.set({ phase: 'signed_out', user: null, ended: false });
  }
});
