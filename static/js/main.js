// The start of the app: the route table, what happens before the first page is drawn, and the
// choice of what to draw. Pages are fetched when first needed; members never load staff pages.
import { arrival, tradeForHold } from './arrival.js';
import { codeFromText } from './code.js';
import { Boot } from './components/boot.js';
import { Failure } from './components/failure.js';
import { Gate } from './components/gate.js';
import { Shell } from './components/shell.js';
import { bootLanguage, t, useLanguage } from './i18n.js';
import { loadInstance, useInstance } from './instance.js';
import { address, matchRoute, navigate, nextAfterSignIn } from './router.js';
import { bootSession, isAdmin, isStaff, session } from './session.js';
import { useStore } from './store.js';
import { html, render, useEffect, useLayoutEffect, useState } from './view.js';

// access: guest (signed out only), anyone, member (signed in), staff, admin. bare: the page draws its own frame;
// gate: it has the frame of the sign-in pages whoever comes.
const routes = [
  { path: '/', title: 'home.title', access: 'member', load: () => import('./pages/home.js') },
  { path: '/app', title: 'home.title', access: 'member', load: () => import('./pages/home.js') },
  { path: '/app/sign-in', title: 'signIn.title', access: 'guest', load: () => import('./pages/sign-in.js') },
  { path: '/app/register', title: 'register.title', access: 'guest', load: () => import('./pages/register.js') },
  { path: '/app/forgot', title: 'forgot.title', access: 'guest', load: () => import('./pages/forgot.js') },
  { path: '/app/reset', title: 'reset.title', access: 'anyone', gate: true, load: () => import('./pages/reset.js') },
  { path: '/app/display', title: 'display.title', access: 'anyone', bare: true, load: () => import('./pages/display-link.js') },
  { path: '/app/setup', title: 'setup.title', access: 'guest', load: () => import('./pages/setup.js') },
  { path: '/app/scan', title: 'scan.title', access: 'member', load: () => import('./pages/scan.js') },
  { path: '/app/account', title: 'account.title', access: 'member', load: () => import('./pages/account.js') },
  { path: '/app/profile', title: 'account.title', access: 'member', load: () => import('./pages/account.js') },
  { path: '/app/second-factor', title: 'enrol.title', access: 'member', gate: true, load: () => import('./pages/second-factor.js') },
  { path: '/app/people', title: 'people.title', access: 'staff', load: () => import('./pages/people.js') },
  { path: '/app/people/new', title: 'newPerson.title', access: 'admin', load: () => import('./pages/new-person.js') },
  { path: '/app/people/import', title: 'import.title', access: 'admin', load: () => import('./pages/import-people.js') },
  { path: '/app/people/:id', title: 'person.title', access: 'staff', load: () => import('./pages/person.js') },
  { path: '/app/invitations', title: 'invitations.title', access: 'admin', load: () => import('./pages/invitations.js') },
  { path: '/app/keys', title: 'keys.title', access: 'admin', load: () => import('./pages/keys.js') },
  { path: '/app/system', title: 'system.title', access: 'admin', load: () => import('./pages/system.js') },
  { path: '/app/events', title: 'events.title', access: 'staff', load: () => import('./pages/events.js') },
  { path: '/app/events/new', title: 'newEvent.title', access: 'staff', load: () => import('./pages/new-event.js') },
  { path: '/app/events/:event_id', title: 'event.title', access: 'staff', load: () => import('./pages/event.js') },
  { path: '/app/events/:event_id/display', title: 'display.title', access: 'staff', bare: true, load: () => import('./pages/display.js') },
];
const lost = { path: null, title: 'lost.title', access: 'anyone', load: () => import('./pages/not-found.js') };

function App() {
  const { path, query } = useStore(address);
  const { phase, user, mustEnrol } = useStore(session);
  const instance = useInstance();
  useLanguage();

  const matched = matchRoute(routes, path);
  const allowed = !matched.route || !user || mayOpen(matched.route.access, user);
  const route = (allowed && matched.route) || lost;
  const elsewhere = redirection(route, { phase, mustEnrol }, path, query);
  const page = usePage(elsewhere ? null : route);

  useLayoutEffect(() => {
    if (elsewhere) navigate(elsewhere, { replace: true });
  }, [elsewhere]);

  useEffect(() => {
    document.title = [t(route.title), instance?.name].filter(Boolean).join(' · ');
  });
  useFocusOnArrival(path, page.component);

  if (phase === 'unreachable') {
    return html`<main class="page page-narrow"><${Failure} problem=${{ detail: t('problem.unreachable') }} retry=${bootSession} /></main>`;
  }
  if (phase === 'booting' || elsewhere) return html`<${Boot} />`;
  if (page.failed) {
    return html`<main class="page page-narrow"><${Failure} problem=${{ detail: t('problem.page') }} retry=${page.retry} /></main>`;
  }
  if (!page.component) return html`<${Boot} />`;

  const content = html`<${page.component} key=${path} ...${matched.params} query=${query} />`;
  if (route.bare) return content;
  if (route.gate || route.access === 'guest' || phase !== 'signed_in') return html`<${Gate}>${content}<//>`;
  return html`<${Shell} path=${path}>${content}<//>`;
}

function mayOpen(access, user) {
  return { staff: isStaff(user), admin: isAdmin(user) }[access] ?? true;
}

// Where this visitor belongs instead, or null when here is right.
function redirection(route, { phase, mustEnrol }, path, query) {
  if (phase === 'signed_out' && ['member', 'staff', 'admin'].includes(route.access)) {
    return path === '/' || path === '/app' ? '/app/sign-in' : `/app/sign-in?next=${encodeURIComponent(path)}`;
  }
  if (mustEnrol && !['/app/second-factor', '/app/reset', '/app/display'].includes(route.path)) {
    return path.startsWith('/app/') ? `/app/second-factor?next=${encodeURIComponent(path)}` : '/app/second-factor';
  }
  if (phase === 'signed_in' && route.access === 'guest') return arrival.get()?.hold ? '/app/scan' : nextAfterSignIn(query);
  return null;
}

// The component of a route; the last one stays on screen while the next is being fetched.
function usePage(route) {
  const [state, setState] = useState({ route: null, component: null, failed: false });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    if (!route) return undefined;
    let wanted = true;
    route.load().then(
      (module) => wanted && setState({ route, component: module.default, failed: false }),
      () => wanted && setState({ route, component: null, failed: true }),
    );
    return () => { wanted = false; };
  }, [route, attempt]);
  const ready = state.route === route;
  return {
    component: ready ? state.component : null,
    failed: ready && state.failed,
    retry: () => setAttempt((count) => count + 1),
  };
}

// A new page is announced by moving the focus to its heading; the first page is left alone.
let arrived = false;
function useFocusOnArrival(path, component) {
  useEffect(() => {
    if (!component) return;
    if (arrived) {
      window.scrollTo(0, 0);
      if (!document.activeElement || document.activeElement === document.body || !document.activeElement.closest('main')) {
        document.querySelector('main h1')?.focus({ preventScroll: true });
      }
    }
    arrived = true;
  }, [path, component]);
}

async function start() {
  const code = /^\/s\//i.test(location.pathname) ? codeFromText(location.pathname) : null;
  if (code) navigate('/app/scan', { replace: true });
  // The hold is asked for first: the code may have seconds left, signing in may not.
  const trade = code ? tradeForHold(code) : null;
  await bootLanguage();
  await Promise.all([trade, bootSession(), loadInstance()]);
  const root = document.getElementById('app');
  root.replaceChildren();
  render(html`<${App} />`, root);
}

start().catch(() => {
  // Without its strings the app can't speak; this one sentence is written here, in both languages.
  const words = document.createElement('p');
  words.className = 'noscript';
  words.textContent = 'The server can’t be reached. Reload to try again. · Il server non risponde. Ricarica per riprovare.';
  document.getElementById('app').replaceChildren(words);
});
