// The code on the projector, always the current one: asked for again the moment its window ends,
// after the machine wakes up, and every moment while the server can't be reached.
import { signedCall } from './session.js';
import { useEffect, useState } from './view.js';

const LONGEST_WAIT = 30_000;
const RETRY_MILLISECONDS = 1500;
const REFUSED_MILLISECONDS = 5000;
// How long an ended code may stay up while its successor is on the way.
const LINGER_MILLISECONDS = 2000;

// {code, picture (a blob address), endsAt (this machine's clock), problem}. `ask` makes the calls: in the name
// of somebody signed in, or of a link for the projector.
export function useLiveCode(event_id, ask = signedCall) {
  const [state, setState] = useState({ code: null, picture: null, endsAt: 0, problem: null });

  useEffect(() => {
    if (!event_id) return undefined;
    const path = `/events/${encodeURIComponent(event_id)}/code`;
    let timer = null;
    let shown = null;
    let stopped = false;
    let running = false;
    let endsAt = 0;

    const show = (picture) => {
      const previous = shown;
      shown = picture;
      // Kept until the new picture has been put in its place.
      if (previous) setTimeout(() => URL.revokeObjectURL(previous), 1000);
    };

    const turn = async () => {
      if (running || stopped) return;
      running = true;
      clearTimeout(timer);
      let wait = RETRY_MILLISECONDS;
      try {
        const code = await ask('GET', path);
        const asked = Date.now();
        const drawing = await ask('GET', path, { accept: 'image/svg+xml' });
        if (stopped) return;
        endsAt = asked + code.next_in_ms;
        show(URL.createObjectURL(drawing));
        setState({ code, picture: shown, endsAt, problem: null });
        // A little after the end, so that the next answer is surely the next code.
        wait = Math.min(LONGEST_WAIT, Math.max(250, endsAt - Date.now() + 50));
      } catch (problem) {
        if (stopped) return;
        if (Date.now() > endsAt + LINGER_MILLISECONDS) {
          show(null);
          setState({ code: null, picture: null, endsAt: 0, problem });
        } else {
          setState((old) => ({ ...old, problem }));
        }
        // A refusal (closed, switched off) will not pass as quickly as a lost connection.
        if (!problem.unreachable) wait = REFUSED_MILLISECONDS;
        if (problem.retryAfterSeconds) wait = problem.retryAfterSeconds * 1000;
      } finally {
        running = false;
        if (!stopped) timer = setTimeout(turn, wait);
      }
    };

    // Timers sleep with the machine: an ended code must not be the first thing seen after waking.
    const sweep = setInterval(() => {
      if (endsAt && Date.now() > endsAt + LINGER_MILLISECONDS && shown) {
        show(null);
        setState((old) => ({ ...old, code: null, picture: null }));
        turn();
      }
    }, 500);
    const wake = () => { if (!document.hidden) turn(); };
    document.addEventListener('visibilitychange', wake);
    window.addEventListener('online', wake);
    turn();
    return () => {
      stopped = true;
      clearTimeout(timer);
      clearInterval(sweep);
      document.removeEventListener('visibilitychange', wake);
      window.removeEventListener('online', wake);
      show(null);
    };
  }, [event_id, ask]);

  return state;
}
