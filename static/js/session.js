// Who is signed in. The access token lives in memory only; the refresh token is an HttpOnly cookie
// that this code never sees. One refresh runs at a time, within this tab by sharing the promise, across tabs
// by a lock; where two run all the same, or an answer gets lost, the server gives the same cookie again.
import { call, openStream, Problem } from './api.js';
import { knowsLanguage, setLanguage } from './i18n.js';
import { createStore, useStore } from './store.js';

const FLAG = 'signed_in';
const LOCK = 'appliance-refresh';
const EARLY_MILLISECONDS = 30_000;

// phase: booting | signed_out | signed_in | unreachable; `ended`: signed out by the server; `mustEnrol`: the
// server wants a second factor before anything else.
export const session = createStore({ phase: 'booting', user: null, ended: false, mustEnrol: false });

// Wrong answers in a form that is otherwise well signed in.
const NOT_THE_SESSION = ['PASSWORD_WRONG', 'TOTP_INVALID', 'TOTP_REQUIRED'];

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
  session.set({ phase: 'booting', user: null, ended: false, mustEnrol: false });
  try {
    await refresh();
  } catch (problem) {
    if (problem.status === 401) signedOut();
    else session.set({ phase: 'unreachable', user: null, ended: false, mustEnrol: false });
  }
}

// `totp`: six digits or a recovery code, once the server asks for it.
export async function signIn(identifier, password, totp) {
  await accept(await call('POST', '/auth/login', { body: { identifier, password, totp, use_cookie: true } }));
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

// The server has ended every session, this one among them.
export const forgetSession = () => signedOut();

export async function saveProfile(changes) {
  const user = await signedCall('PATCH', '/me', { body: changes });
  session.set({ ...session.get(), user });
  return user;
}

// The second factor is there: nothing stands in the way any more.
export const nowEnrolled = () => session.set({ ...session.get(), mustEnrol: false });

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
  if (!(problem instanceof Problem) || session.get().phase !== 'signed_in') return problem;
  if (problem.status === 401 && !NOT_THE_SESSION.includes(problem.code)) signedOut({ ended: true });
  if (problem.status === 403 && problem.code === 'SECOND_FACTOR_REQUIRED') session.set({ ...session.get(), mustEnrol: true });
  return problem;
}

function refresh() {
  refreshing ??= withLock(async () => {
    // The answer holds the next cookie, so it should arrive even when the page is being left.
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
  const before = session.get();
  session.set({ phase: 'signed_in', user, ended: false, mustEnrol: before.mustEnrol && before.user?.id === user.id });
}

function signedOut({ ended = false } = {}) {
  accessToken = null;
  expiresAt = 0;
  remember(false);
  session.set({ phase: 'signed_out', user: null, ended, mustEnrol: false });
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
    session.set({ phase: 'signed_out', user: null, ended: false, mustEnrol: false });
  }
});
