/* Power spectra of frames of sound, eight frames at a time: those of the input image, and those of the sound bands.

   Each lane holds a frame, so a frame's values do not depend on which frames are computed with it. Every number that
   is a setting comes from Python. Frames have 256, 512 or 1024 samples. */

#include "chunk.h"
#include "held.h"

#define MAX_FRAME 1024
#define MAX_BINS (MAX_FRAME / 2 + 1)

/* A spectrum of eight frames: halves of the samples on the way in, real and imaginary parts on the way out. */
typedef struct {
    lanes re[MAX_FRAME / 2], im[MAX_FRAME / 2];
} complex_lanes;

/* One radix-4 step of Stockham's transform of n complex numbers, of which `stride` lie side by side. */
INLINE void radix_4(const complex_lanes *x, complex_lanes *y, int n, int stride, const float *turns) {
    int quarter = n / 4;
    for (int p = 0; p < quarter; p++) {
        /* turns: cos and -sin of 2 pi k / (2 size), size = n * stride */
        const float *one = turns + 4 * p * stride, *two = turns + 8 * p * stride, *three = turns + 12 * p * stride;
        for (int q = 0; q < stride; q++) {
            int from = q + stride * p, to = q + stride * 4 * p, step = stride * quarter;
            lanes ar = x->re[from], ai = x->im[from], br = x->re[from + step], bi = x->im[from + step];
            lanes cr = x->re[from + 2 * step], ci = x->im[from + 2 * step];
            lanes dr = x->re[from + 3 * step], di = x->im[from + 3 * step];
            lanes sum_r = ar + cr, sum_i = ai + ci, less_r = ar - cr, less_i = ai - ci;
            lanes other_r = br + dr, other_i = bi + di, turned_r = di - bi, turned_i = br - dr; /* i (b - d) */
            lanes r1 = less_r - turned_r, i1 = less_i - turned_i, r2 = sum_r - other_r, i2 = sum_i - other_i;
            lanes r3 = less_r + turned_r, i3 = less_i + turned_i;
            y->re[to] = sum_r + other_r;
            y->im[to] = sum_i + other_i;
            y->re[to + stride] = r1 * one[0] - i1 * one[1];
            y->im[to + stride] = r1 * one[1] + i1 * one[0];
            y->re[to + 2 * stride] = r2 * two[0] - i2 * two[1];
            y->im[to + 2 * stride] = r2 * two[1] + i2 * two[0];
            y->re[to + 3 * stride] = r3 * three[0] - i3 * three[1];
            y->im[to + 3 * stride] = r3 * three[1] + i3 * three[0];
        }
    }
}

/* The last step, of pairs. */
INLINE void radix_2(const complex_lanes *x, complex_lanes *y, int half) {
    for (int q = 0; q < half; q++) {
        y->re[q] = x->re[q] + x->re[q + half];
        y->im[q] = x->im[q] + x->im[q + half];
        y->re[q + half] = x->re[q] - x->re[q + half];
        y->im[q + half] = x->im[q] - x->im[q + half];
    }
}

/* Power of the bins from `first` to below `end` of eight frames under a taper. `share`, if there is one, is what is
   taken off for each unit of the mean. */
INLINE void powers(const float *sound, int hop, int used, int size, const float *taper, const float *share,
                   const float *turns, int first, int end, lanes *power) {
    complex_lanes a, b;
    int half = size / 2;
    lanes total_even = {0}, total_odd = {0};
    const float *frame[LANES];
    for (int lane = 0; lane < LANES; lane++) frame[lane] = sound + hop * (lane < used ? lane : used - 1);
    for (int i = 0; i < half; i += LANES / 2) {
        lanes part[LANES], weights = loaded(taper + 2 * i);
        for (int lane = 0; lane < LANES; lane++) part[lane] = loaded(frame[lane] + 2 * i) * weights;
        transposed(part);
        for (int j = 0; j < LANES / 2; j++) {
            a.re[i + j] = part[2 * j];
            a.im[i + j] = part[2 * j + 1];
            total_even += part[2 * j];
            total_odd += part[2 * j + 1];
        }
    }
    if (share != NULL) {
        lanes total = total_even + total_odd;
        for (int i = 0; i < half; i++) {
            a.re[i] -= total * share[2 * i];
            a.im[i] -= total * share[2 * i + 1];
        }
    }
    complex_lanes *from = &a, *to = &b;
    int n = half, stride = 1;
    for (; n >= 4; n /= 4, stride *= 4) {
        radix_4(from, to, n, stride, turns);
        complex_lanes *next = from;
        from = to;
        to = next;
    }
    if (n == 2) {
        radix_2(from, to, half / 2);
        from = to;
    }
    /* the spectrum of the real sound from that of its halves */
    for (int k = first; k < end; k++) {
        int at = k < half ? k : 0, mirrored = k && k < half ? half - k : 0;
        lanes sum_r = from->re[at] + from->re[mirrored], less_i = from->im[at] - from->im[mirrored];
        lanes sum_i = from->im[at] + from->im[mirrored], less_r = from->re[at] - from->re[mirrored];
        float c = turns[2 * k], s = turns[2 * k + 1];
        lanes re = sum_r + (sum_i * c + less_r * s), im = less_i + (sum_i * s - less_r * c);
        power[k] = (re * re + im * im) * 0.25f;
    }
}

typedef struct {
    int32_t size, hop;
    int32_t envelope_first, envelope_end, low_first, low_end, high_first; /* bins */
    int32_t first_bin, num_rows;
    float floor;
    const float *taper, *share, *turns;
} frame_settings;

INLINE lanes band(const lanes *power, int first, int end) {
    lanes even = {0}, odd = {0};
    int k = first;
    for (; k + 1 < end; k += 2) {
        even += power[k];
        odd += power[k + 1];
    }
    if (k < end) even += power[k];
    return even + odd;
}

/* Log power of the rows (count, num_rows), log power of the envelope, and power of the low and the high band (count,)
   of frames that begin `hop` samples apart, to frame `slot` of those held and on. Then the sound that begins where the
   next frame does moves to the front; there are `end` samples. */
FUNCTION void auscult_frames(const frame_settings *of, float *sound, int32_t end, int32_t count,
                             const held_frames *held, int32_t slot) {
    lanes power[MAX_BINS];
    float *rows = held->rows + slot * of->num_rows, *envelope = held->envelope + slot;
    float *low = held->low + slot, *high = held->high + slot;
    for (int begin = 0; begin < count; begin += LANES) {
        int used = count - begin < LANES ? count - begin : LANES;
        powers(sound + begin * of->hop, of->hop, used, of->size, of->taper, of->share, of->turns, 0, of->size / 2 + 1,
               power);
        lanes heart = log_of(band(power, of->envelope_first, of->envelope_end) + of->floor);
        lanes below = band(power, of->low_first, of->low_end), above = band(power, of->high_first, of->size / 2 + 1);
        for (int row = 0; row < of->num_rows; row += LANES) {
            lanes part[LANES];
            for (int i = 0; i < LANES; i++) part[i] = log_of(power[of->first_bin + row + i] + of->floor);
            transposed(part);
            for (int lane = 0; lane < used; lane++) stored(rows + (begin + lane) * of->num_rows + row, part[lane]);
        }
        for (int lane = 0; lane < used; lane++) {
            envelope[begin + lane] = heart[lane];
            low[begin + lane] = below[lane];
            high[begin + lane] = above[lane];
        }
    }
    memmove(sound, sound + count * of->hop, (size_t)(end - count * of->hop) * sizeof(float));
}

struct band_settings {
    int32_t size, hop, num_bands;
    float floor, loud;
    const float *taper, *turns;
    const int32_t *bins; /* first bin of each band, and the end of the last */
};

/* Log power of the bands (count, num_bands) of frames that begin `hop` samples apart; return how many of the frames
   are loud: `loud` or more in some band. */
FUNCTION int32_t auscult_bands(const band_settings *of, const float *sound, int32_t count, float *bands) {
    lanes power[MAX_BINS];
    int32_t num_loud = 0;
    for (int begin = 0; begin < count; begin += LANES) {
        int used = count - begin < LANES ? count - begin : LANES;
        powers(sound + begin * of->hop, of->hop, used, of->size, of->taper, NULL, of->turns, of->bins[0],
               of->bins[of->num_bands], power);
        int_lanes loud = {0};
        for (int one = 0; one < of->num_bands; one++) {
            lanes level = log_of(band(power, of->bins[one], of->bins[one + 1]) + of->floor);
            for (int lane = 0; lane < used; lane++) bands[(begin + lane) * of->num_bands + one] = level[lane];
            loud |= level >= of->loud;
        }
        for (int lane = 0; lane < used; lane++) num_loud -= loud[lane]; /* -1 each */
    }
    return num_loud;
}
