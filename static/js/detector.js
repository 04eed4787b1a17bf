// Reads QR codes from a playing video: by the browser's own detector where it knows QR codes,
// otherwise by the vendored decoder on frames drawn to a small canvas.

const LONGEST_SIDE = 800;

// Gives a function from a video element to the text in view, or null.
export async function createDetector() {
  return (await nativeDetector()) ?? (await vendoredDetector());
}

async function nativeDetector() {
  try {
    const formats = await globalThis.BarcodeDetector?.getSupportedFormats();
    if (!formats?.includes('qr_code')) return null;
    const detector = new globalThis.BarcodeDetector({ formats: ['qr_code'] });
    return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
  } catch {
    return null;
  }
}

async function vendoredDetector() {
  const { decodeQR } = await import('../vendor/qr/decode.js');
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  return async (video) => {
    const scale = Math.min(1, LONGEST_SIDE / Math.max(video.videoWidth, video.videoHeight));
    const width = Math.round(video.videoWidth * scale);
    const height = Math.round(video.videoHeight * scale);
    if (!width || !height) return null;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.drawImage(video, 0, 0, width, height);
    try {
      return decodeQR(context.getImageData(0, 0, width, height));
    } catch {
      // The decoder's way of saying that there is no code in this frame.
      return null;
    }
  };
}
