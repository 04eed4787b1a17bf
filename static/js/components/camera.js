// The camera: starts on a tap, reads QR codes, stops when the page is hidden or left. Every reason
// for which it may not start is said in words, with what to do.
import { createDetector } from '../detector.js';
import { t } from '../i18n.js';
import { html, useEffect, useRef, useState } from '../view.js';
import { Button } from './button.js';
import { Icon } from './icon.js';

const FRAME_MILLISECONDS = 125;

const REASONS = {
  NotAllowedError: 'denied', SecurityError: 'denied', NotFoundError: 'missing', OverconstrainedError: 'missing',
  DevicesNotFoundError: 'missing', NotReadableError: 'busy', TrackStartError: 'busy', AbortError: 'busy',
};

// `onText` is given each text read; `hint` is a sentence over the picture.
export function Camera({ onText, hint }) {
  const video = useRef(null);
  const stream = useRef(null);
  const reading = useRef(onText);
  reading.current = onText;
  // idle | starting | running | paused | {reason}
  const [state, setState] = useState('idle');

  const release = () => {
    stream.current?.getTracks().forEach((track) => track.stop());
    stream.current = null;
  };

  const open = async () => {
    if (!window.isSecureContext) return setState({ reason: 'insecure' });
    if (!navigator.mediaDevices?.getUserMedia) return setState({ reason: 'unsupported' });
    setState('starting');
    try {
      const opened = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { facingMode: { ideal: 'environment' }, width: { ideal: 1280 }, height: { ideal: 720 } },
      });
      // The page may have been left or hidden while the browser asked.
      if (!video.current || document.hidden) {
        opened.getTracks().forEach((track) => track.stop());
        return setState('paused');
      }
      stream.current = opened;
      opened.getVideoTracks()[0].addEventListener('ended', () => { release(); setState('paused'); });
      video.current.srcObject = opened;
      await video.current.play();
      setState('running');
    } catch (error) {
      release();
      setState({ reason: REASONS[error.name] ?? 'unknown' });
    }
  };

  useEffect(() => {
    const onHide = () => {
      if (!document.hidden || !stream.current) return;
      release();
      setState('paused');
    };
    document.addEventListener('visibilitychange', onHide);
    return () => { document.removeEventListener('visibilitychange', onHide); release(); };
  }, []);

  useEffect(() => {
    if (state !== 'running') return undefined;
    let timer = null;
    let stopped = false;
    createDetector().then((detect) => {
      const look = async () => {
        const text = video.current?.readyState >= 2 ? await detect(video.current).catch(() => null) : null;
        if (stopped) return;
        if (text) reading.current(text);
        timer = setTimeout(look, FRAME_MILLISECONDS);
      };
      if (!stopped) look();
    }, () => { release(); setState({ reason: 'unsupported' }); });
    return () => { stopped = true; clearTimeout(timer); };
  }, [state]);

  const running = state === 'running';
  return html`
    <div class="camera" data-test="scan-camera" data-state=${state.reason ?? state}>
      <video ref=${video} muted autoplay playsinline hidden=${!running} aria-label=${t('camera.view')}></video>
      ${running && html`
        <div class="camera-frame" aria-hidden="true">
          <svg viewBox="0 0 100 100">
            <path d="M2 20V10a8 8 0 0 1 8-8h10" /><path d="M80 2h10a8 8 0 0 1 8 8v10" />
            <path d="M98 80v10a8 8 0 0 1-8 8H80" /><path d="M20 98H10a8 8 0 0 1-8-8V80" />
          </svg>
        </div>
        <${Button} look="camera-stop" onClick=${() => { release(); setState('idle'); }}>${t('camera.stop')}<//>`}
      <div role="status">${running && html`<p class="camera-hint" data-test="camera-hint">${hint ?? t('camera.aim')}</p>`}</div>
      ${!running && html`<${Resting} state=${state} onOpen=${open} />`}
    </div>`;
}

function Resting({ state, onOpen }) {
  const { reason } = state;
  const title = reason ? t(`camera.${reason}`) : t(state === 'paused' ? 'camera.paused' : 'camera.ready');
  const remedy = reason ? t(`camera.${reason}Remedy`) : t(state === 'paused' ? 'camera.pausedNote' : 'camera.readyNote');
  return html`
    <div class="camera-idle">
      <${Icon} name=${reason ? 'warning' : 'camera'} size=${44} />
      <div role=${reason ? 'alert' : undefined} data-test=${reason ? 'camera-problem' : undefined} data-reason=${reason}>
        <h2>${title}</h2>
        <p>${remedy}</p>
      </div>
      <${Button} busy=${state === 'starting'} onClick=${onOpen} test="scan-open-camera">
        ${t(reason ? 'action.retry' : 'camera.open')}
      <//>
    </div>`;
}
