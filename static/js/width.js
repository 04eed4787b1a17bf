// How wide an element is: charts are drawn in the dots that they have, so that words in them keep their
// size.
import { useLayoutEffect, useRef, useState } from './view.js';

export function useWidth() {
  const element = useRef(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry.contentRect.width)));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}
