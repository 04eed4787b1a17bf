// A ring that empties as the time runs out, with the seconds in the middle.
import { html, useEffect, useState } from '../view.js';

const AROUND = 2 * Math.PI * 20;

export function Countdown({ endsAt, totalMilliseconds }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [endsAt]);
  const left = Math.max(0, Math.min(totalMilliseconds, endsAt - now));
  const share = totalMilliseconds > 0 ? left / totalMilliseconds : 0;
  return html`
    <span class="countdown" aria-hidden="true">
      <svg viewBox="0 0 48 48">
        <circle class="countdown-track" cx="24" cy="24" r="20" />
        <circle class="countdown-left" cx="24" cy="24" r="20" stroke-dasharray=${AROUND} stroke-dashoffset=${AROUND * (1 - share)} />
      </svg>
      <span>${Math.ceil(left / 1000)}</span>
    </span>`;
}
