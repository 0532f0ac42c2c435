/* Fewer samples a second, in two steps: a polyphase FIR filter to twice the output rate, and from there a half-band
   filter that is the sum of two chains of allpass sections. Every number that is a setting comes from Python. */

#include "lanes.h"

#define CAPACITY 2048       /* input samples that are kept */
#define NO_POWER 0x0d000000 /* bits of 4e-31; below, an output becomes 0, for subnormal numbers are slow */

typedef struct {
    int32_t num_rows, num_taps, period;   /* rows, a multiple of eight, which serve again after so many input samples */
    int32_t row, origin, num_kept, early; /* next row; where its period begins in `kept`; outputs to be left out yet */
    int32_t are_alike;                    /* whether all rows hold the same taps */
    const float *taps;                    /* (num_rows, num_taps) */
    const int32_t *firsts;                /* (num_rows,), from the beginning of a period */
    float kept[CAPACITY];
    float coefficients[LANES * 2], inputs[LANES * 2], outputs[LANES * 2]; /* sections of the shorter chain, one
                                                                             left idle, then of the longer */
} decimator;

/* Half of the sections of a chain: what any processor with vectors shifts by a lane in one instruction or two. */
typedef float quad __attribute__((vector_size(16)));
typedef int32_t int_quad __attribute__((vector_size(16)));

#ifdef __clang__
#define SHUFFLED_QUAD(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLED_QUAD(a, b, ...) __builtin_shuffle(a, b, (int_quad){__VA_ARGS__})
#endif

/* Eight samples at twice the output rate, by the next eight rows; rows that are alike need be read only once. */
INLINE lanes filtered(const decimator *of, int alike) {
    lanes sums[LANES] = {{0}};
    const float *taps = of->taps + of->row * of->num_taps, *from[LANES];
    for (int k = 0; k < LANES; k++) from[k] = of->kept + of->origin + of->firsts[of->row + k];
    for (int i = 0; i < of->num_taps; i += LANES) {
        lanes first = loaded(taps + i);
        for (int k = 0; k < LANES; k++)
            sums[k] += (alike ? first : loaded(taps + k * of->num_taps + i)) * loaded(from[k] + i);
    }
    transposed(sums);
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

/* Halve the rate. All sections take a step at once, each with the sample before that of the section before it in its
   chain, so what comes out is seven samples late. A section is y[n] = a (x[n] - y[n-1]) + x[n-1]. */
INLINE int32_t halved(decimator *of, const float *pairs, int32_t count, float *to) {
    quad a[4], x[4], y[4], in[4], next[2];
    memcpy(a, of->coefficients, sizeof a);
    memcpy(x, of->inputs, sizeof x);
    memcpy(y, of->outputs, sizeof y);
    int32_t done = 0;
    for (int32_t i = 0; i < count; i++) {
        float shorter = y[1][2]; /* the last of the shorter chain, a step ago */
        for (int chain = 0; chain < 2; chain++) {
            memcpy(&next[chain], pairs + 2 * i + chain, sizeof(quad)); /* of which the first is used */
            in[2 * chain] = SHUFFLED_QUAD(y[2 * chain], next[chain], 4, 0, 1, 2);
            in[2 * chain + 1] = SHUFFLED_QUAD(y[2 * chain], y[2 * chain + 1], 3, 4, 5, 6);
        }
        for (int k = 0; k < 4; k++) {
            int_quad out = (int_quad)(in[k] * a[k] + (x[k] - y[k] * a[k]));
            x[k] = in[k];
            y[k] = (quad)(out & ((out & 0x7fffffff) > NO_POWER));
        }
        if (of->early)
            of->early--;
        else
            to[done++] = shorter + y[3][3];
    }
    memcpy(of->inputs, x, sizeof x);
    memcpy(of->outputs, y, sizeof y);
    return done;
}

/* Take the next samples less an offset; return how many samples of output they complete. */
FUNCTION int64_t auscult_decimate(decimator *of, const float *samples, int64_t count, float offset, float *to) {
    int64_t done = 0;
    while (count > 0) {
        int32_t room = CAPACITY - of->num_kept, taken = room < count ? room : (int32_t)count, num_filtered = 0;
        for (int32_t i = 0; i < taken; i++) of->kept[of->num_kept + i] = samples[i] - offset;
        of->num_kept += taken;
        samples += taken;
        count -= taken;

        float pairs[CAPACITY + LANES];
        while (of->origin + of->firsts[of->row + LANES - 1] + of->num_taps <= of->num_kept) {
            stored(pairs + num_filtered, of->are_alike ? filtered(of, 1) : filtered(of, 0));
            num_filtered += LANES;
            of->row += LANES;
            if (of->row == of->num_rows) {
                of->row = 0;
                of->origin += of->period;
            }
        }
        done += halved(of, pairs, num_filtered / 2, to + done);

        int32_t used = of->origin + of->firsts[of->row];
        of->num_kept -= used;
        of->origin -= used;
        memmove(of->kept, of->kept + used, (size_t)of->num_kept * sizeof(float));
    }
    return done;
}
