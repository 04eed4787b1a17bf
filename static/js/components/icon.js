// The line icons, drawn on a 24-unit grid. They repeat a word beside them, so they are hidden from
// screen readers.
import { html } from '../view.js';

const PATHS = {
  home: ['M4 11l8-7 8 7v8a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 19z', 'M9.5 20.5V14h5v6.5'],
  scan: ['M4 8.5V6a2 2 0 0 1 2-2h2.5', 'M15.5 4H18a2 2 0 0 1 2 2v2.5', 'M20 15.5V18a2 2 0 0 1-2 2h-2.5', 'M8.5 20H6a2 2 0 0 1-2-2v-2.5', 'M8.5 12.2l2.5 2.5 4.8-5.2'],
  events: ['M6 5h12a2 2 0 0 1 2 2v11a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2z', 'M4 10h16', 'M8.5 3v4', 'M15.5 3v4'],
  profile: ['M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z', 'M4.5 20.5c.8-3.8 3.7-5.8 7.5-5.8s6.7 2 7.5 5.8'],
  out: ['M10 4H6.5A1.5 1.5 0 0 0 5 5.5v13A1.5 1.5 0 0 0 6.5 20H10', 'M14.5 8l4.5 4-4.5 4', 'M18.5 12H10'],
  check: ['M5 12.8l4.6 4.6L19.5 7'],
  clock: ['M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z', 'M12 7.5V12l3 2'],
  leave: ['M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z', 'M8.5 12h7'],
  cross: ['M6.5 6.5l11 11', 'M17.5 6.5l-11 11'],
  info: ['M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z', 'M12 11v5', 'M12 8v.1'],
  warning: ['M12 4.5l8.5 15h-17z', 'M12 10v4.5', 'M12 17v.1'],
  eye: ['M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z', 'M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z'],
  eyeOff: ['M9.5 5.9A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a17 17 0 0 1-2.6 3.4', 'M6.3 7.4A16 16 0 0 0 2.5 12s3.5 6.5 9.5 6.5a9 9 0 0 0 4.6-1.2', 'M4 4l16 16'],
  pulse: ['M3 12.5h4l2.5-7 5 13 2.5-6h4'],
  pause: ['M9 6v12', 'M15 6v12'],
  play: ['M8 5.5l10.5 6.5L8 18.5z'],
  plus: ['M12 5v14', 'M5 12h14'],
  back: ['M14.5 6l-6 6 6 6'],
  onward: ['M9.5 6l6 6-6 6'],
  expand: ['M4 9V4h5', 'M20 9V4h-5', 'M4 15v5h5', 'M20 15v5h-5'],
  camera: ['M4 8h3.5L9 5.5h6L16.5 8H20a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1z', 'M12 16.5a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4z'],
};

export function Icon({ name, size = 22 }) {
  return html`
    <svg width=${size} height=${size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.9"
      stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
      ${PATHS[name].map((d) => html`<path d=${d} />`)}
    </svg>`;
}
