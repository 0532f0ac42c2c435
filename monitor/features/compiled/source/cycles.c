/* How loud the parts of a cardiac cycle are, where a murmur lies among them, and which peaks of an envelope are like a
   beat. Every number that is a setting comes from Python, which checks sizes before it calls. */

#include <math.h>

#include "lanes.h"

#define NUM_TIMINGS 3
#define NUM_BANDS 12
#define MAX_VALUES 64

/* Mean of some frames in each pair of NUM_BANDS bands. */
INLINE void mean_of_pairs(const float *bands, int32_t begin, int32_t end, float *means) {
    float sums[NUM_BANDS] = {0.0f};
    bands += begin * NUM_BANDS;
    for (int frame = begin; frame < end; frame++, bands += NUM_BANDS)
        for (int band = 0; band < NUM_BANDS; band++) sums[band] += bands[band];
    for (int pair = 0; pair < NUM_BANDS / 2; pair++)
        means[pair] = 0.5f * (sums[2 * pair] + sums[2 * pair + 1]) / (float)(end - begin);
}

/* The halves of the systole from one frame to another, then the thirds of the diastole before it, of frames of
   (NUM_BANDS,) each; then the log of systole over diastole, and the confidence. */
FUNCTION void auscult_cycle(const float *bands, int32_t diastole, int32_t diastole_end, int32_t systole,
                            int32_t systole_end, double log_ratio, double confidence, float *values) {
    int32_t half = systole + (systole_end - systole) / 2, length = diastole_end - diastole;
    int32_t second = diastole + (length + 1) / 3, third = diastole + (2 * length + 1) / 3; /* to the nearest frame */
    const int32_t begins[] = {systole, half, diastole, second, third};
    const int32_t ends[] = {half, systole_end, second, third, diastole_end};
    for (int part = 0; part < 5; part++, values += NUM_BANDS / 2)
        mean_of_pairs(bands, begins[part], ends[part], values);
    values[0] = (float)log_ratio;
    values[1] = (float)confidence;
}

/* Features of some cycles, of (num_values,) each, and their products with weights (NUM_TIMINGS, num_values + 1): the
   natural log-odds of each timing. The mean levels of the parts in each pair of bands, less that of the quietest part;
   the mean log of systole over diastole; the log-odds of the mean confidence. */
EXPORT void auscult_timing(const float *cycles, int32_t count, int32_t num_parts, int32_t num_pairs,
                           double max_confidence, const double *weights, double *odds) {
    int num_levels = num_parts * num_pairs, num_values = num_levels + 2;
    double features[MAX_VALUES] = {0.0};
    for (int cycle = 0; cycle < count; cycle++, cycles += num_values)
        for (int i = 0; i < num_values; i++) features[i] += cycles[i];
    for (int i = 0; i < num_values; i++) features[i] *= 1.0 / count;
    for (int pair = 0; pair < num_pairs; pair++) {
        double quietest = features[pair];
        for (int i = pair; i < num_levels; i += num_pairs) quietest = features[i] < quietest ? features[i] : quietest;
        for (int i = pair; i < num_levels; i += num_pairs) features[i] -= quietest;
    }
    double confidence = features[num_values - 1], least = 1.0 - max_confidence;
    confidence = confidence < least ? least : confidence > max_confidence ? max_confidence : confidence;
    features[num_values - 1] = log(confidence / (1.0 - confidence));
    for (int timing = 0; timing < NUM_TIMINGS; timing++, weights += num_values + 1) {
        double sum = 0.0;
        for (int i = 0; i < num_values; i++) sum += weights[i] * features[i];
        odds[timing] = sum + weights[num_values];
    }
}

/* Peaks of the match of an envelope with the shape of a beat, and how many there are: the place of each, an index with
   a fraction, and its height. The match is 1 where the envelope is the beat itself. */
FUNCTION int32_t auscult_peaks(const double *envelope, int32_t count, const double *shape, int32_t length,
                               double energy, double lowest, double (*peaks)[2]) {
    double before = 0.0, here = 0.0;
    int found = 0;
    for (int i = 0; i + length <= count; i++) {
        double after = 0.0;
        for (int j = 0; j < length; j++) after += envelope[i + j] * shape[j];
        after /= energy;
        if (i > 1 && here > lowest && before < here && here >= after) {
            peaks[found][0] = i - 1 + 0.5 * (before - after) / (before - 2.0 * here + after); /* of a parabola */
            peaks[found++][1] = here;
        }
        before = here;
        here = after;
    }
    return found;
}

/* Move the shape of a beat towards a beat of the same length, whose mean is left out; return the sum of its squares. */
FUNCTION double auscult_learn(double *shape, int32_t length, const double *beat, double rate) {
    double mean = 0.0, energy = 0.0;
    for (int i = 0; i < length; i++) mean += beat[i];
    mean /= length;
    for (int i = 0; i < length; i++) {
        shape[i] += rate * (beat[i] - mean - shape[i]);
        energy += shape[i] * shape[i];
    }
    return energy;
}
