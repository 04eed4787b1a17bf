// Following the log: server-sent events over a signed call, because the browser's own EventSource can
// carry no token. A stream that breaks is taken up again behind the last line.
import { signedStream } from './session.js';

const AGAIN_MILLISECONDS = 2_000;

// Calls `onLines` with lines as they come ({ missed } stands for lines that were lost) and `onProblem`
// with what is wrong, or null. Gives back what stops it.
export function followLog(query, after, { onLines, onProblem }) {
  const stop = new AbortController();
  follow(query, after, onLines, onProblem, stop.signal);
  return () => stop.abort();
}

async function follow(query, after, onLines, onProblem, signal) {
  let last = after;
  while (!signal.aborted) {
    try {
      const response = await signedStream('/dashboard/logs', { query, lastEventId: last, signal });
      onProblem(null);
      for await (const events of eventsOf(response.body)) {
        const lines = events.map(({ name, data }) => (name === 'missed' ? { missed: data.lines } : data));
        last = lines.findLast((line) => line.sequence)?.sequence ?? last;
        if (lines.length) onLines(lines);
      }
    } catch (problem) {
      if (signal.aborted) return;
      onProblem(problem);
      if (problem.status === 401 || problem.status === 403) return;
    }
    await new Promise((resolve) => { setTimeout(resolve, AGAIN_MILLISECONDS); });
  }
}

// The events of a stream, as many at once as came at once.
async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    yield blocks.map(read).filter(Boolean);
  }
}

function read(block) {
  const field = (name) => block.split('\n').find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  const data = field('data');
  return data ? { name: field('event'), data: JSON.parse(data) } : null;
}
