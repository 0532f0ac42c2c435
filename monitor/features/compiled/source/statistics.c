/* Loudness, clipping and drop-outs of raw samples, bin by bin. Every number that is a setting comes from Python. */

#include <math.h>

#include "lanes.h"

typedef struct {
    int32_t bin_samples, capacity;
    float full_scale;
    double constant_variance, same_height;
    double *table; /* (6, capacity): sum, sum of squares, samples at full scale, dead, samples on flat tops, peak */
} statistics_settings;

#define HALF (LANES / 2)

typedef float half_lanes __attribute__((vector_size(4 * HALF)));
typedef double wide_lanes __attribute__((vector_size(8 * HALF)));

/* Half of the lanes, in double precision, in which no offset hides the sound from the sum of squares. */
INLINE wide_lanes widened(const float *samples) {
    half_lanes values;
    memcpy(&values, samples, sizeof values);
    return __builtin_convertvector(values, wide_lanes);
}

INLINE lanes heights_of(const float *samples) { return (lanes)((int_lanes)loaded(samples) & 0x7fffffff); }

INLINE float height_of(float sample) { return sample < 0.0f ? -sample : sample; }

/* Fill the columns of the next bins, from column `used` on. */
FUNCTION void auscult_statistics(const statistics_settings *of, const float *samples, int32_t count, int32_t used) {
    int size = of->bin_samples, whole = size / LANES * LANES;
    for (int bin = 0; bin < count; bin++, samples += size) {
        wide_lanes sums[2] = {{0}}, squares[2] = {{0}};
        lanes highest = {0};
        for (int i = 0; i < whole; i += LANES) {
            wide_lanes first = widened(samples + i), second = widened(samples + i + HALF);
            sums[0] += first;
            sums[1] += second;
            squares[0] += first * first;
            squares[1] += second * second;
            highest = larger(heights_of(samples + i), highest);
        }
        double sum = 0.0, square = 0.0;
        float peak = largest_of(highest);
        for (int lane = 0; lane < HALF; lane++) {
            sum += sums[0][lane] + sums[1][lane];
            square += squares[0][lane] + squares[1][lane];
        }
        for (int i = whole; i < size; i++) {
            double exact = samples[i];
            sum += exact;
            square += exact * exact;
            if (height_of(samples[i]) > peak) peak = height_of(samples[i]);
        }
        int_lanes equals = {0};
        for (int i = 0; i < whole; i += LANES) equals -= heights_of(samples + i) == peak;
        int full = 0, equal = 0, flat = 0;
        for (int lane = 0; lane < LANES; lane++) equal += equals[lane];
        for (int i = whole; i < size; i++) equal += height_of(samples[i]) == peak;
        if (peak >= of->full_scale)
            for (int i = 0; i < size; i++) full += height_of(samples[i]) >= of->full_scale;
        if (equal > 2) { /* a natural peak may fall between two equal samples, hardly between three */
            int run = 0;
            for (int i = 0; i < size; i++) {
                run = height_of(samples[i]) == peak ? run + 1 : 0;
                flat += run >= 3;
            }
        }
        int dead = flat == size - 2 && size * square <= (1.0 + of->constant_variance) * sum * sum;
        double *column = of->table + used + bin;
        column[0] = sum;
        column[of->capacity] = square;
        column[2 * of->capacity] = full;
        column[3 * of->capacity] = dead;
        column[4 * of->capacity] = dead ? 0 : flat;
        column[5 * of->capacity] = peak;
    }
}

/* Sum, sum of squares, samples at full scale, dead bins, flat tops near the highest, and peak of some columns. */
FUNCTION void auscult_statistics_window(const statistics_settings *of, int32_t first, int32_t last, double *totals) {
    const double *table = of->table;
    int capacity = of->capacity;
    double sum = 0.0, square = 0.0, full = 0.0, dead = 0.0, flat = 0.0, peak = 0.0;
    for (int i = first; i < last; i++) { /* side by side, for each addition waits for the one before */
        sum += table[i];
        square += table[capacity + i];
        full += table[2 * capacity + i];
        dead += table[3 * capacity + i];
        flat += table[4 * capacity + i];
        if (table[5 * capacity + i] > peak) peak = table[5 * capacity + i];
    }
    if (flat > 0.0) {
        flat = 0.0;
        for (int i = first; i < last; i++)
            if (table[5 * capacity + i] >= of->same_height * peak) flat += table[4 * capacity + i];
    }
    totals[0] = sum;
    totals[1] = square;
    totals[2] = full;
    totals[3] = dead;
    totals[4] = flat;
    totals[5] = peak;
}
