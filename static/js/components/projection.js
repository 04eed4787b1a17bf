// The picture for the projector: the code as large as it gets, the digits for the back row, and how many
// people it has recorded.
import { inTwoGroups } from '../code.js';
import { t } from '../i18n.js';
import { html, useEffect, useRef, useState } from '../view.js';
import { Button } from './button.js';
import { Countdown } from './countdown.js';
import { Icon } from './icon.js';

// A code that lives longer does not change at all.
const LONGEST_ROTATION = 300_000;

// `live` is what useLiveCode gives; `closing` the address that the cross leads to, if any.
export function Projection({ name, live, recorded, closing = null }) {
  const { code, picture, endsAt, problem } = live;
  const frame = useRef(null);
  useWakeLock();

  // Closed or switched off: there is no code to wait for.
  const refused = problem && !problem.unreachable && !code;
  return html`
    <main class="display" ref=${frame}>
      <header class="display-head">
        <h1 tabindex="-1">${name ?? '\u00a0'}</h1>
        <div class="display-tools">
          <${FullscreenButton} frame=${frame} />
          ${closing && html`<a class="button" href=${closing} aria-label=${t('display.close')} title=${t('display.close')} data-test="display-close"><${Icon} name="cross" /></a>`}
        </div>
      </header>
      ${refused ? html`
      <div class="display-message" role="alert" data-test="display-problem">
        <${Icon} name="clock" size=${72} /><p class="display-refusal">${problem.detail}</p>
      </div>` : html`
      <div class="display-body">
        <div class="display-code">
          ${picture
            ? html`<img src=${picture} alt=${t('display.qr')} data-test="display-qr" />`
            : html`<div class="placeholder-code"><span class="spinner" aria-hidden="true"></span><p>${t('display.waiting')}</p></div>`}
        </div>
        <div class="display-words" data-test="display-url" data-url=${code?.url}>
          <p class="display-label"><strong>${t('display.scan')}</strong>${t('display.scanNote')}</p>
          <div>
            <p class="display-label">${t('display.orType')} <b class="unbroken">${location.host}</b></p>
            <p class="display-digits" data-test="display-typed-code" data-code=${code?.typed_code}>
              ${(code ? inTwoGroups(code.typed_code) : '‒‒‒‒ ‒‒‒‒').split(' ').map((group) => html`<span>${group}</span>`)}
            </p>
          </div>
        </div>
      </div>`}
      ${problem && !refused
        ? html`<p class="display-banner" role="alert" data-test="display-problem"><${Icon} name="warning" size=${28} />${problem.unreachable ? t('display.unreachable') : problem.detail}</p>`
        : html`
          <footer class="display-foot">
            <p class="display-count" role="status" data-test="display-count" data-count=${recorded}>
              ${recorded === null ? '\u00a0' : html`<b>${recorded}</b> ${t('display.recorded', { count: recorded })}`}
            </p>
            ${code && (windowOf(code) > LONGEST_ROTATION
              ? html`<p class="display-next">${t('display.static')}</p>`
              : html`<p class="display-next"><span>${t('display.next')}</span>
                  <${Countdown} endsAt=${endsAt} totalMilliseconds=${windowOf(code)} /></p>`)}
          </footer>`}
    </main>`;
}

const windowOf = (code) => Date.parse(code.window_ends_at) - Date.parse(code.window_started_at);

function FullscreenButton({ frame }) {
  const [full, setFull] = useState(Boolean(document.fullscreenElement));
  useEffect(() => {
    const update = () => setFull(Boolean(document.fullscreenElement));
    document.addEventListener('fullscreenchange', update);
    return () => document.removeEventListener('fullscreenchange', update);
  }, []);
  if (!document.fullscreenEnabled) return null;
  const toggle = () => (full ? document.exitFullscreen() : frame.current.requestFullscreen()).catch(() => {});
  return html`<${Button} onClick=${toggle} test="display-fullscreen"><${Icon} name="expand" /><span>${t(full ? 'display.leaveFull' : 'display.full')}</span><//>`;
}

// Keeps the screen on where the browser can; the lock is lost when the page is hidden.
function useWakeLock() {
  useEffect(() => {
    let lock = null;
    let stopped = false;
    const hold = async () => {
      if (document.hidden || !navigator.wakeLock) return;
      try {
        lock = await navigator.wakeLock.request('screen');
        if (stopped) lock.release();
      } catch {
        // Refused when the battery is low; the page works without.
      }
    };
    document.addEventListener('visibilitychange', hold);
    hold();
    return () => {
      stopped = true;
      document.removeEventListener('visibilitychange', hold);
      lock?.release();
    };
  }, []);
}
