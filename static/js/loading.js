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

// A list behind a cursor. `more` fetches the next page; a failure leaves what is already there.
export function usePages(path) {
  const [state, setState] = useState({ items: null, cursor: null, busy: true, problem: null });
  const load = useCallback(async (cursor, before) => {
    setState((old) => ({ ...old, busy: true, problem: null }));
    try {
      const page = await signedCall('GET', path, { query: { cursor } });
      setState({ items: [...before, ...page.items], cursor: page.next_cursor, busy: false, problem: null });
    } catch (problem) {
      setState((old) => ({ ...old, busy: false, problem }));
    }
  }, [path]);
  useEffect(() => { load(null, []); }, [load]);
  return {
    ...state,
    more: () => load(state.cursor, state.items ?? []),
    retry: () => load(state.items ? state.cursor : null, state.items ?? []),
  };
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

// A form's submit: never twice at once, and the problem kept for the fields to show.
export function useSubmit(action) {
  const [state, setState] = useState({ busy: false, problem: null });
  const busy = useRef(false);
  const alive = useRef(true);
  useEffect(() => () => { alive.current = false; }, []);
  const submit = async (event) => {
    event?.preventDefault();
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
    }
  };
  return { ...state, submit };
}
