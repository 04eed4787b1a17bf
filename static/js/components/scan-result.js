// What became of a scan, in one glance: a large sign, a few words, and what to do next.
import { formatTime, t } from '../i18n.js';
import { html, useEffect, useRef } from '../view.js';
import { Button } from './button.js';
import { Icon } from './icon.js';

// `attempt`: {state: "sending"} | {state: "done", answer} | {state: "refused", problem}.
export function ScanResult({ attempt, onRetry, onAgain }) {
  const heading = useRef(null);
  useEffect(() => { heading.current?.focus({ preventScroll: true }); }, [attempt]);
  if (attempt.state === 'sending') {
    return html`
      <div class="result result-waiting" role="status" data-test="scan-result" data-outcome="sending">
        <span class="spinner" aria-hidden="true"></span><p>${t('scan.sending')}</p>
      </div>`;
  }
  const { look, icon, title, note, detail, outcome } = attempt.state === 'done' ? success(attempt.answer) : refusal(attempt.problem);
  return html`
    <div class=${`result result-${look}`} role=${attempt.state === 'done' ? 'status' : 'alert'} data-test="scan-result" data-outcome=${outcome}>
      <${Icon} name=${icon} />
      <h2 ref=${heading} tabindex="-1">${title}</h2>
      <p>${note}</p>
      ${detail && html`<p class="numbers">${detail}</p>`}
      <div class="actions">
        ${attempt.state === 'done'
          ? html`
            <a class="button" href="/" data-test="scan-done">${t('scan.done')}</a>
            <${Button} look="button-plain" onClick=${onAgain} test="scan-again">${t('scan.again')}<//>`
          : attempt.problem.unreachable
            ? html`
              <${Button} onClick=${onRetry} test="scan-retry">${t('action.retry')}<//>
              <${Button} look="button-plain" onClick=${onAgain} test="scan-again">${t('scan.again')}<//>`
            : html`
              <${Button} onClick=${onAgain} test="scan-again">${t('scan.another')}<//>
              <a class="button button-plain" href="/">${t('scan.home')}</a>`}
      </div>
    </div>`;
}

function success({ outcome, event_name, status, minutes_late, scanned_at }) {
  const late = status === 'late';
  const again = outcome === 'already_recorded';
  return {
    look: late ? 'late' : 'good',
    icon: late ? 'clock' : 'check',
    title: t(again ? 'scan.already' : late ? 'scan.late' : 'scan.recorded'),
    note: event_name,
    detail: [
      late ? formatTime(scanned_at) : t('scan.at', { status: t(`status.${status}`), time: formatTime(scanned_at) }),
      minutes_late > 0 && t('attendance.late', { count: minutes_late }),
    ].filter(Boolean).join(' · '),
    outcome,
  };
}

const TITLES = {
  CODE_EXPIRED: 'refused.expired', CODE_INVALID: 'refused.invalid', HOLD_EXPIRED: 'refused.expired', HOLD_INVALID: 'refused.invalid',
  TOO_EARLY: 'refused.early', CLOSED: 'refused.closed', EVENT_INACTIVE: 'refused.inactive', NOT_EXPECTED: 'refused.notExpected',
  HOLD_OF_ANOTHER_BROWSER: 'refused.otherBrowser', HOLD_SPENT: 'refused.spent',
  UNREACHABLE: 'refused.unreachable',
};

function refusal({ code, detail }) {
  return {
    look: 'refused',
    icon: code === 'TOO_EARLY' ? 'clock' : 'warning',
    title: t(TITLES[code] ?? 'refused.other'),
    note: detail,
    outcome: code.toLowerCase(),
  };
}
