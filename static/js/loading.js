// Hooks for data that comes from the server: one thing, a list that grows page by page, something
// asked again and again, and a form being sent.
import { signedCall } from './session.js';
import { useCallback, useEffect, useRef, useState } from './view.js';

// One resource. A reload keeps the old data on the page until the new arrives.
export function useResource(path) {
  const [state, setState] = useState({ data: null, problem: null });
  const reload = useCallback(async () => {
    setState((old) => ({ ...old, problem: null }));
    try {
      const data = await signedCall('GET', path);
      setState({ data, problem: null });
    } catch (problem) {
      setState((old) => ({ ...old, problem }));
    }
  }, [path]);
  useEffect(() => { reload(); }, [reload]);
  const setData = useCallback((data) => setState({ data, problem: null }), []);
  return { ...state, reload, setData };
}

// A list behind a cursor. `more` fetches the next page; a failure leaves what is already there, and so does
// another `query` until its first page is there (`stale` meanwhile).
export function usePages(path, query = {}) {
  const asked = JSON.stringify(query);
  const [state, setState] = useState({ items: null, cursor: null, busy: true, problem: null, asked });
  // Answers to what is not asked any more are dropped.
  const latest = useRef(0);
  const load = useCallback(async (cursor, before) => {
    latest.current += 1;
    const turn = latest.current;
    const settle = (next) => { if (turn === latest.current) setState(next); };
    setState((old) => ({ ...old, busy: true, problem: null }));
    try {
      let page = await signedCall('GET', path, { query: { ...JSON.parse(asked), cursor } });
      // A filter may let nothing through of a whole page: there may be more behind it.
      while (!page.items.length && page.next_cursor && turn === latest.current) {
        page = await signedCall('GET', path, { query: { ...JSON.parse(asked), cursor: page.next_cursor } });
      }
      settle({ items: [...before, ...page.items], cursor: page.next_cursor ?? null, busy: false, problem: null, asked });
    } catch (problem) {
      settle((old) => ({ ...old, items: old.asked === asked ? old.items : null, busy: false, problem, asked }));
    }
  }, [path, asked]);
  useEffect(() => { load(null, []); }, [load]);
  return {
    ...state,
    stale: state.asked !== asked,
    more: () => load(state.cursor, state.items ?? []),
    retry: () => load(state.items ? state.cursor : null, state.items ?? []),
    reload: () => load(null, []),
  };
}

// What was written, once the writing has paused.
export function useSettled(value, milliseconds = 300) {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}

// The seconds until a refused call may be sent again; 0 when it may be now.
export function useWait(problem) {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    setLeft(problem?.retryAfterSeconds ?? 0);
    if (!problem?.retryAfterSeconds) return undefined;
    const until = Date.now() + problem.retryAfterSeconds * 1000;
    const timer = setInterval(() => setLeft(Math.max(0, Math.ceil((until - Date.now()) / 1000))), 250);
    return () => clearInterval(timer);
  }, [problem]);
  return left;
}

// Runs `work` now and then every so often, one at a time, and not while the page is hidden.
export function usePolling(work, milliseconds) {
  const latest = useRef(work);
  latest.current = work;
  useEffect(() => {
    let timer = null;
    let running = false;
    let stopped = false;
    const turn = async () => {
      clearTimeout(timer);
      if (running || stopped || document.hidden) return;
      running = true;
      try {
        await latest.current();
      } finally {
        running = false;
        clearTimeout(timer);
        if (!stopped) timer = setTimeout(turn, milliseconds);
      }
    };
    const onVisible = () => { if (!document.hidden) turn(); };
    document.addEventListener('visibilitychange', onVisible);
    turn();
    return () => {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisible);
    };
  }, [milliseconds]);
}

// A form's submit: never twice at once, and the problem kept for the fields to show; the first of them gets
// the focus.
export function useSubmit(action) {
  const [state, setState] = useState({ busy: false, problem: null });
  const busy = useRef(false);
  const alive = useRef(true);
  useEffect(() => () => { alive.current = false; }, []);
  const submit = async (event) => {
    event?.preventDefault();
    const form = event?.target?.closest?.('form');
    if (busy.current) return;
    busy.current = true;
    setState({ busy: true, problem: null });
    let failed = null;
    try {
      await action();
    } catch (problem) {
      if (!('detail' in problem)) throw problem;
      failed = problem;
    } finally {
      busy.current = false;
      if (alive.current) setState({ busy: false, problem: failed });
      if (failed) setTimeout(() => form?.querySelector('[aria-invalid="true"]')?.focus());
    }
  };
  const forget = useCallback(() => setState((old) => (old.problem ? { ...old, problem: null } : old)), []);
  return { ...state, submit, forget };
}
