"use strict";
// Slower with the pitch kept, as monitor/audio/playback/stretch.py does it (WSOLA). A browser's own preservesPitch works
// on windows of 20 ms, one period of a heart sound at 50 Hz: Chromium plays a tone of 50 Hz at 42 Hz then.
const stretch = (() => {
  const FRAME_S = 0.06, SEARCH_S = 0.015, QUIET = 1e-12, SLICE_MS = 60;
  const LOWEST_RATE = 8000; // every browser decodes at this rate, not every one at a lower

  const decode = async (uri, rate) => {
    const bytes = Uint8Array.from(atob(uri.slice(uri.indexOf(",") + 1)), (letter) => letter.charCodeAt(0));
    const step = Math.ceil(LOWEST_RATE / rate);
    const decoded = await new OfflineAudioContext(1, 1, step * rate).decodeAudioData(bytes.buffer);
    const fine = decoded.getChannelData(0);
    if (step === 1) return fine;
    const sound = new Float32Array(Math.ceil(fine.length / step));
    for (let i = 0; i < sound.length; i++) sound[i] = fine[i * step];
    return sound;
  };

  const slower = async (sound, rate, speed, progress) => {
    const hop = Math.max(2, Math.round((FRAME_S * rate) / 2)), search = Math.max(1, Math.round(SEARCH_S * rate));
    const length = Math.floor(sound.length / speed), margin = 4 * hop + 2 * search;
    const padded = new Float32Array(sound.length + 2 * margin);
    padded.set(sound, margin);
    const out = new Float32Array(length + 2 * hop);
    const nominal = (frame) => Math.round((frame + 1) * hop * speed) - hop;
    let natural = null, resumed = performance.now();
    for (let frame = 0; frame * hop < length; frame++) {
      let start = nominal(frame);
      if (natural !== null) {
        const wanted = natural + margin, first = start - search + margin;
        let energy = 0, best = -1, most = -Infinity, middle = 0;
        for (let i = 0; i < 2 * hop; i++) energy += padded[first + i] ** 2;
        for (let shift = 0; shift <= 2 * search; shift++) {
          let product = 0;
          for (let i = 0; i < 2 * hop; i++) product += padded[first + shift + i] * padded[wanted + i];
          const likeness = product / Math.sqrt(Math.max(energy, 0) + QUIET);
          if (shift === search) middle = likeness;
          if (likeness > most) { most = likeness; best = shift; }
          energy += padded[first + shift + 2 * hop] ** 2 - padded[first + shift] ** 2;
        }
        start += (middle >= most * (1 - 1e-9) ? search : best) - search;
      }
      for (let i = 0; i < 2 * hop; i++) {
        const weight = natural === null && i < hop ? 1 : 0.5 - 0.5 * Math.cos((Math.PI * i) / hop);
        out[frame * hop + i] += weight * padded[start + margin + i];
      }
      natural = start + hop;
      if (performance.now() - resumed > SLICE_MS) {
        progress((frame * hop) / length);
        await new Promise((done) => setTimeout(done));
        resumed = performance.now();
      }
    }
    return out.subarray(0, length);
  };

  const wav = (sound, rate) => {
    const view = new DataView(new ArrayBuffer(44 + 2 * sound.length));
    const text = (at, letters) => [...letters].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
    text(0, "RIFF"); view.setUint32(4, 36 + 2 * sound.length, true); text(8, "WAVEfmt ");
    view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
    view.setUint32(24, rate, true); view.setUint32(28, 2 * rate, true); view.setUint16(32, 2, true);
    view.setUint16(34, 16, true); text(36, "data"); view.setUint32(40, 2 * sound.length, true);
    for (let i = 0; i < sound.length; i++) {
      view.setInt16(44 + 2 * i, Math.round(32767 * Math.min(1, Math.max(-1, sound[i]))), true);
    }
    return new Blob([view], { type: "audio/wav" });
  };

  return async (uri, rate, speed, progress) => wav(await slower(await decode(uri, rate), rate, speed, progress), rate);
})();
