// Where somebody is led whose role must have a second factor: why, and setting it up, before anything else.
import { Alert } from '../components/alert.js';
import { Button } from '../components/button.js';
import { Enrolment } from '../components/enrolment.js';
import { Failure } from '../components/failure.js';
import { Skeleton } from '../components/skeleton.js';
import { t } from '../i18n.js';
import { useResource, useSubmit } from '../loading.js';
import { navigate, nextAfterSignIn } from '../router.js';
import { nowEnrolled, signOut } from '../session.js';
import { html, useState } from '../view.js';

export default function SecondFactorPage({ query }) {
  const { data: factor, problem, reload } = useResource('/auth/totp');
  const [step, setStep] = useState(1);
  const leaving = useSubmit(async () => {
    await signOut();
    navigate('/app/sign-in');
  });
  const goOn = () => {
    nowEnrolled();
    navigate(nextAfterSignIn(query), { replace: true });
  };
  return html`
    <div class="gate-title">
      <h1 tabindex="-1">${t('enrol.title')}</h1>
      <p class="soft">${t('enrol.note')}</p>
    </div>
    ${leaving.problem && html`<${Alert} kind="error">${leaving.problem.detail}<//>`}
    ${!factor && (problem ? html`<${Failure} problem=${problem} retry=${reload} />` : html`<${Skeleton} lines=${3} />`)}
    ${factor?.enrolled && html`
      <${Alert} kind="good">${t('totp.nowOn')}<//>
      <${Button} look="button-wide" onClick=${goOn} test="enrol-go-on">${t('action.continue')}<//>`}
    ${factor && !factor.enrolled && html`
      <ol class="steps" role="list" aria-label=${t('enrol.steps')} data-test="enrol-steps" data-step=${step}>
        ${['enrol.stepPassword', 'enrol.stepScan', 'enrol.stepCodes'].map((name, nth) => html`
          <li aria-current=${step === nth + 1 ? 'step' : undefined} class=${step > nth + 1 ? 'step-done' : ''}><span>${t(name)}</span></li>`)}
      </ol>
      <${Enrolment} action=${t('action.continue')} onStep=${setStep} onDone=${goOn} />`}
    <p class="soft"><button type="button" class="link-button" onClick=${leaving.submit} data-test="enrol-leave">${t('nav.signOut')}</button></p>`;
}
