// The view library in one place: `html` templates, rendering and the hooks, so that only this
// file knows where the vendored copies live.
import { h, render } from '../vendor/preact/preact.js';
import htm from '../vendor/htm/htm.js';

export { render };
export {
  useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState,
} from '../vendor/preact/hooks.js';

export const html = htm.bind(h);

// The app's mark, under the same version as this file.
export const ICON = new URL('../icon.svg', import.meta.url).pathname;
