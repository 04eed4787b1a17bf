// Recording one's attendance: by camera, by the eight digits on the screen, or with the hold that
// the phone's own camera brought here.
import { arrival, forgetArrival, tradeForHold } from '../arrival.js';
import { codeFromText, digitsOf, inTwoGroups, newNonce } from '../code.js';
import { Button } from '../components/button.js';
import { Camera } from '../components/camera.js';
import { ScanResult } from '../components/scan-result.js';
import { t } from '../i18n.js';
import { signedCall } from '../session.js';
import { html, useEffect, useId, useRef, useState } from '../view.js';

const HINT_MILLISECONDS = 4000;

export default function Scan() {
  const [attempt, setAttempt] = useState(null);
  const [hint, setHint] = useState(null);
  const busy = useRef(false);

  const send = async (body) => {
    if (busy.current) return;
    busy.current = true;
    setAttempt({ state: 'sending', body });
    try {
      const answer = await signedCall('POST', '/scans', { body });
      forgetArrival();
      navigator.vibrate?.(80);
      setAttempt({ state: 'done', answer, body });
    } catch (problem) {
      // Out of reach, signed out, or in need of a second factor first: the hold is still good. Anything else
      // was its answer.
      if (!problem.unreachable && problem.status !== 401 && problem.code !== 'SECOND_FACTOR_REQUIRED') forgetArrival();
      setAttempt({ state: 'refused', problem, body });
    } finally {
      busy.current = false;
    }
  };

  // Called after a successful trade and on opening the page with a hold in hand.
  const sendHold = () => {
    const held = arrival.get();
    if (held?.hold) send({ hold: held.hold, nonce: held.nonce });
    else if (held?.problem) {
      // Said once: coming back to this page later starts afresh.
      forgetArrival();
      setAttempt({ state: 'refused', problem: held.problem, code: held.code });
    }
  };
  useEffect(sendHold, []);

  const retry = async () => {
    if (attempt.body) return send(attempt.body);
    // The hold itself was out of reach; the code may still be good.
    setAttempt({ state: 'sending' });
    await tradeForHold(attempt.code);
    return sendHold();
  };

  const again = () => {
    forgetArrival();
    setAttempt(null);
    setHint(null);
  };

  const onText = (text) => {
    const code = codeFromText(text);
    if (code) send({ code, nonce: newNonce() });
    else setHint(t('scan.notOurs'));
  };

  useEffect(() => {
    if (!hint) return undefined;
    const timer = setTimeout(() => setHint(null), HINT_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [hint]);

  return html`
    <div class=${`scan ${attempt ? 'scan-done' : 'scan-ready'}`}>
      <h1 tabindex="-1">${t('scan.title')}</h1>
      ${attempt
        ? html`<${ScanResult} attempt=${attempt} onRetry=${retry} onAgain=${again} />`
        : html`
          <${Camera} onText=${onText} hint=${hint} />
          <p class="scan-or">${t('scan.or')}</p>
          <${TypedCode} onCode=${(typed_code) => send({ typed_code, nonce: newNonce() })} />`}
    </div>`;
}

function TypedCode({ onCode }) {
  const id = useId();
  const [digits, setDigits] = useState('');
  const [short, setShort] = useState(false);
  const submit = (event) => {
    event.preventDefault();
    setShort(digits.length < 8);
    if (digits.length === 8) onCode(digits);
  };
  const write = (event) => {
    const next = digitsOf(event.currentTarget.value);
    setDigits(next);
    if (next.length === 8) setShort(false);
    event.currentTarget.value = inTwoGroups(next);
  };
  return html`
    <form class="typed" onSubmit=${submit} novalidate>
      <div class="field">
        <label for=${id}>${t('scan.typed')}</label>
        <input id=${id} class="input" inputmode="numeric" autocomplete="off" maxlength="12" placeholder="0000 0000" value=${inTwoGroups(digits)}
          aria-describedby=${`${id}-hint`} aria-invalid=${short ? 'true' : undefined} onInput=${write} data-test="scan-typed" />
        <p id=${`${id}-hint`} class=${short ? 'field-error' : 'field-hint'} role=${short ? 'alert' : undefined}>
          ${t(short ? 'scan.typedShort' : 'scan.typedHint')}
        </p>
      </div>
      <${Button} type="submit" look="button-wide" test="scan-typed-submit">${t('scan.typedSubmit')}<//>
    </form>`;
}
