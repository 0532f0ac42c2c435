/* The network that segments the cardiac cycle, chunk by chunk: training/fitting/cycle_network.py says what it is.

   A step of the layers hears two frames together. Each layer needs its input of three moments: now, and one and two
   dilations ago; what of that lies before the chunk is kept, the newest over the oldest, for as many moments. Python
   owns the memory, and checks sizes before it calls. */

#include <math.h>

#include "chunk.h"

#define CHANNELS 48
#define TAPS 3
#define PAIR 2
#define MAX_BANDS 12
#define NUM_STATES 4
#define MAX_MOMENTS 64
#define LAST (PAIR * NUM_STATES)

struct layer_settings {
    int32_t num_moments, num_blocks; /* of a chunk; layers with dilations 1, 2, 4, ... */
    float per_spread, unused;
    double decay; /* of the running mean, from frame to frame */
    /* matrices (inputs, outputs) and biases; those of the blocks one after another */
    const float *first, *first_bias, *blocks, *block_biases, *hidden, *hidden_bias, *last, *last_bias;
};

struct layer_state {
    int64_t heard;                    /* moments */
    double weight, totals[MAX_BANDS]; /* of the running mean */
    float before[PAIR * MAX_BANDS];   /* the pair of frames before the chunk */
    float *pasts;                     /* 2 * dilation moments of each block, one block after another */
};

typedef void layer_function(const float *const *, int, int, int, const float *, const float *, const float *, float *);

#define LAYER layer_of_4 /* as many numbers as every processor computes at a time */
#define LAYER_FUNCTION static
#define WIDTH 4
#define ROWS 2
#include "layers.h"

#ifdef SEVERAL_PROCESSORS
#define LAYER layer_of_8
#define LAYER_FUNCTION static __attribute__((target("avx2,fma")))
#define WIDTH 8
#define ROWS 2
#include "layers.h"

#define LAYER layer_of_16
#define LAYER_FUNCTION static __attribute__((target("avx512f,avx2,fma")))
#define WIDTH 16
#define ROWS 4
#include "layers.h"

static layer_function *chosen_layer(void) {
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return layer_of_4;
    return __builtin_cpu_supports("avx512f") ? layer_of_16 : layer_of_8;
}
#else
static layer_function *chosen_layer(void) { return layer_of_4; }
#endif

/* Hear a chunk of frames (2 * num_moments, num_bands); write the probabilities (2 * num_moments, NUM_STATES), and
   return whether all are finite. */
FUNCTION int32_t auscult_layers(const layer_settings *of, layer_state *at, const float *bands, int32_t num_bands,
                                float *probabilities) {
    int count = of->num_moments, wide = PAIR * num_bands;
    float pairs[(MAX_MOMENTS + 1) * PAIR * MAX_BANDS], values[2][MAX_MOMENTS * CHANNELS];
    const float *rows[TAPS * MAX_MOMENTS];
    layer_function *layer = chosen_layer();

    memcpy(pairs, at->before, (size_t)wide * sizeof(float));
    float *level = pairs + wide;
    for (int frame = 0; frame < PAIR * count; frame++, bands += num_bands, level += num_bands) {
        at->weight = at->weight * of->decay + 1.0;
        for (int band = 0; band < num_bands; band++) {
            at->totals[band] = at->totals[band] * of->decay + bands[band];
            level[band] = (bands[band] - (float)(at->totals[band] / at->weight)) * of->per_spread;
        }
    }
    memcpy(at->before, level - wide, (size_t)wide * sizeof(float));
    for (int moment = 0; moment < count; moment++) rows[moment] = pairs + moment * wide; /* with the pair behind it */
    float *now = values[0], *next = values[1];
    layer(rows, 1, 2 * wide, count, of->first, of->first_bias, 0, now);

    float *past = at->pasts;
    for (int block = 0; block < of->num_blocks; block++) {
        int dilation = 1 << block, kept = 2 * dilation;
        for (int moment = 0; moment < count; moment++)
            for (int tap = 0; tap < TAPS; tap++) {
                int from = moment - (TAPS - 1 - tap) * dilation;
                rows[TAPS * moment + tap] =
                    from >= 0 ? now + from * CHANNELS : past + ((at->heard + from) & (kept - 1)) * CHANNELS;
            }
        layer(rows, TAPS, CHANNELS, count, of->blocks + block * TAPS * CHANNELS * CHANNELS,
              of->block_biases + block * CHANNELS, now, next);
        for (int moment = count > kept ? count - kept : 0; moment < count; moment++)
            memcpy(past + ((at->heard + moment) & (kept - 1)) * CHANNELS, now + moment * CHANNELS,
                   CHANNELS * sizeof(float));
        past += kept * CHANNELS;
        float *other = now;
        now = next;
        next = other;
    }
    at->heard += count;

    for (int moment = 0; moment < count; moment++) rows[moment] = now + moment * CHANNELS;
    layer(rows, 1, CHANNELS, count, of->hidden, of->hidden_bias, 0, next);
    float check = 0.0f;
    for (int moment = 0; moment < count; moment++) {
        lanes logits = loaded(of->last_bias);
        for (int i = 0; i < CHANNELS; i++) logits += next[moment * CHANNELS + i] * loaded(of->last + i * LAST);
        for (int frame = 0; frame < PAIR; frame++, probabilities += NUM_STATES) {
            const float *of_frame = (const float *)&logits + frame * NUM_STATES;
            float highest = of_frame[0], sum = 0.0f;
            for (int state = 1; state < NUM_STATES; state++)
                highest = of_frame[state] > highest ? of_frame[state] : highest;
            for (int state = 0; state < NUM_STATES; state++)
                sum += probabilities[state] = expf(of_frame[state] - highest);
            for (int state = 0; state < NUM_STATES; state++) probabilities[state] /= sum;
            check += sum;
        }
    }
    return isfinite(check);
}
