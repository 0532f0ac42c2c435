/* What is computed from the frames of a window: the input image, the heart rate, the features of the quality gate.

   Every number that is a setting comes from Python, which checks sizes before it calls. */

#include <math.h>

#include "held.h"
#include "lanes.h"

#define NUM_ROWS 64
#define NUM_COLUMNS 64
#define MAX_FRAMES 1024
#define MAX_LAGS 256

INLINE float sum_of_row(const float *row, int count) {
    lanes sums = {0};
    float rest = 0.0f;
    int i = 0;
    for (; i + LANES <= count; i += LANES) sums += loaded(row + i);
    for (; i < count; i++) rest += row[i];
    return sum_of(sums) + rest;
}

typedef struct {
    int32_t num_frames, width, first_lag, rhythm_width;
    float dynamic_range, contrast, max_deviation;
    const int32_t *starts, *ends; /* of the columns of levels; of those of the rhythm, end excluded */
} image_settings;

/* The input image (64 rows, 64 columns, 3 channels). */
FUNCTION void auscult_image(const image_settings *of, const float *rows, const float *envelope, float *image) {
    float mean[NUM_COLUMNS][NUM_ROWS], peak[NUM_COLUMNS][NUM_ROWS], rhythm[NUM_COLUMNS][NUM_ROWS];
    float padded[MAX_FRAMES + 2 * NUM_ROWS + MAX_LAGS];
    int count = of->num_frames;
    float per_frame = 1.0f / (float)of->width;
    lanes highest = all_lanes(-INFINITY);
    for (int column = 0; column < NUM_COLUMNS; column++)
        for (int row = 0; row < NUM_ROWS; row += LANES) {
            const float *from = rows + of->starts[column] * NUM_ROWS + row;
            lanes sum = loaded(from), most = sum;
            for (int frame = 1; frame < of->width; frame++) {
                lanes level = loaded(from + frame * NUM_ROWS);
                sum += level;
                most = larger(level, most);
            }
            stored(&mean[column][row], sum * per_frame);
            stored(&peak[column][row], most);
            highest = larger(most, highest);
        }
    lanes floor = all_lanes(largest_of(highest) - of->dynamic_range), total = {0};
    for (int column = 0; column < NUM_COLUMNS; column++)
        for (int row = 0; row < NUM_ROWS; row += LANES) {
            lanes level = larger(loaded(&mean[column][row]), floor);
            stored(&mean[column][row], level);
            total += level;
        }
    float reference = sum_of(total) / (NUM_COLUMNS * NUM_ROWS);

    float middle = sum_of_row(envelope, count) / (float)count;
    float level[MAX_FRAMES];
    for (int i = 0; i < count; i++) level[i] = envelope[i] - middle;
    float scale = sqrtf(dot(level, level, count) / (float)count) + 1e-3f;
    int longest = of->first_lag + NUM_ROWS - 1;
    /* backwards, so that longer lags follow shorter ones; before the window begins the level is 0, the mean */
    for (int i = 0; i < count; i++) {
        float value = level[i] / scale;
        value = value > of->max_deviation ? of->max_deviation : value < -of->max_deviation ? -of->max_deviation : value;
        level[i] = value;
        padded[count - 1 - i] = value;
    }
    memset(padded + count, 0, (size_t)longest * sizeof(float));
    for (int column = 0; column < NUM_COLUMNS; column++) {
        lanes lagged[NUM_ROWS / LANES] = {{0}};
        for (int frame = of->ends[column] - of->rhythm_width; frame < of->ends[column]; frame++) {
            const float *past = padded + count - 1 - frame + of->first_lag;
            for (int row = 0; row < NUM_ROWS / LANES; row++) lagged[row] += loaded(past + LANES * row) * level[frame];
        }
        for (int row = 0; row < NUM_ROWS / LANES; row++)
            stored(&rhythm[column][LANES * row], lagged[row] / (float)of->rhythm_width);
    }
    /* a, b and c of one column, of the next, and so on: of eight columns each number is put in the lane where it is
       written, in the first, second or third eight of them */
    static const int order[3][LANES] = {{0, 3, 6, 1, 4, 7, 2, 5}, {5, 0, 3, 6, 1, 4, 7, 2}, {2, 5, 0, 3, 6, 1, 4, 7}};
    for (int row = 0; row < NUM_ROWS; row += LANES)
        for (int column = 0; column < NUM_COLUMNS; column += LANES) {
            lanes a[LANES], b[LANES], c[LANES];
            for (int i = 0; i < LANES; i++) {
                const float *of_mean = &mean[column + order[0][i]][row], *of_peak = &peak[column + order[1][i]][row];
                a[i] = (loaded(of_mean) - reference) * of->contrast;
                b[i] = (larger(loaded(of_peak), floor) - reference) * of->contrast;
                c[i] = loaded(&rhythm[column + order[2][i]][row]);
            }
            transposed(a);
            transposed(b);
            transposed(c);
            for (int i = 0; i < LANES; i++) {
                float *to = image + 3 * (NUM_COLUMNS * (row + i) + column);
                lanes first = SHUFFLED(a[i], b[i], 0, 9, 2, 3, 12, 5, 6, 15);
                lanes second = SHUFFLED(a[i], b[i], 0, 1, 10, 3, 4, 13, 6, 7);
                lanes third = SHUFFLED(a[i], b[i], 8, 1, 2, 11, 4, 5, 14, 7);
                stored(to, SHUFFLED(first, c[i], 0, 1, 10, 3, 4, 13, 6, 7));
                stored(to + LANES, SHUFFLED(second, c[i], 8, 1, 2, 11, 4, 5, 14, 7));
                stored(to + 2 * LANES, SHUFFLED(third, c[i], 0, 9, 2, 3, 12, 5, 6, 15));
            }
        }
}

typedef struct {
    int32_t num_frames, length, padded, num_lags, num_early, first, last;
    float flat;
    double spacing_s, near_highest, reach;
    double slow_bpm, min_slow_periodicity, max_of_sounds, max_again;
    double min_fast_bpm, fastest_bpm, min_ratio, min_periodicity;
    const float *filtering, *weighting;        /* of the rows' bands, one after another */
    const float *outside;                      /* (length,): what a row of the filtering holds outside of its band */
    const int32_t *filtering_bands, *weighting_bands; /* (length, 2), (last + 2, 2): begin and end of the bands */
    const double *inverse_prior, *late_scale;  /* (last + 2,), (num_lags,) */
} rate_settings;

typedef struct {
    double periodicity, lag;
} rate_result;

/* Position and height of the highest value; the position is that of a parabola's vertex. */
INLINE void highest_of(const double *values, int count, double *position, double *height) {
    int at = 0;
    for (int i = 1; i < count; i++)
        if (values[i] > values[at]) at = i;
    double here = values[at];
    *position = at;
    *height = here > 1e-9 ? here : 1e-9;
    if (at > 0 && at < count - 1) {
        double before = values[at - 1], after = values[at + 1], bend = before - 2.0 * here + after;
        if (bend < 0.0) *position = at + 0.5 * (before - after) / bend;
    }
}

INLINE double largest_near(const double *heights, int at) {
    double largest = heights[at - 1];
    if (heights[at] > largest) largest = heights[at];
    return heights[at + 1] > largest ? heights[at + 1] : largest;
}

INLINE int beat_half_lag(const double *autocorrelation, const rate_settings *of) {
    int at = of->first;
    for (int lag = of->first; lag <= of->last; lag++)
        if (autocorrelation[lag] > autocorrelation[at]) at = lag;
    double enough = of->near_highest * autocorrelation[at];
    for (int lag = of->first; lag <= of->last; lag++) {
        double here = autocorrelation[lag];
        if (here >= enough && autocorrelation[lag - 1] <= here && here >= autocorrelation[lag + 1]) return lag;
    }
    return at;
}

INLINE int slow_half_lag(const double *heights, int half_lag, const rate_settings *of) {
    int begin = (int)rint(120.0 / (of->slow_bpm * of->spacing_s));
    if (begin < half_lag + 1) begin = half_lag + 1;
    if (begin > of->last) return half_lag;
    int slow = begin;
    for (int lag = begin + 1; lag <= of->last; lag++)
        if (heights[lag] > heights[slow]) slow = lag;
    int twice = 2 * half_lag < of->last ? 2 * half_lag : of->last;
    double again = largest_near(heights, twice), height = heights[slow];
    int is_peak = height > heights[slow - 1] && height > of->min_slow_periodicity * heights[0];
    int is_between_sounds = heights[half_lag] < of->max_of_sounds * height && again < of->max_again * height;
    return is_peak && is_between_sounds ? slow : half_lag;
}

/* Whether double or half of the beat must be considered by its timbre, which is done in Python. */
INLINE int asks_timbre(const double *heights, int half_lag, const rate_settings *of) {
    double bpm = 120.0 / (half_lag * of->spacing_s);
    int is_fast = bpm > of->min_fast_bpm, slow = is_fast ? 2 * half_lag : half_lag;
    double of_fast = 120.0 / (0.5 * slow * of->spacing_s);
    if (!(of->min_fast_bpm < of_fast && of_fast <= of->fastest_bpm)) return 0;
    if (slow > of->last) return 1;
    int fast = half_lag;
    if (!is_fast) fast = heights[(slow + 1) / 2] > heights[slow / 2] ? (slow + 1) / 2 : slow / 2;
    double floor = of->min_periodicity * heights[0], of_slow = largest_near(heights, slow);
    return !(largest_near(heights, fast) / (of_slow > floor ? of_slow : floor) < of->min_ratio);
}

/* The mean beat interval of a window, in lags: 1 with a result, 0 for a flat envelope, 2 where the timbre decides, if
   there is one. */
FUNCTION int32_t auscult_heart_rate(const rate_settings *of, const float *envelope, int32_t has_timbre,
                                    rate_result *result) {
    float beats[MAX_FRAMES + MAX_LAGS], products[MAX_LAGS], early_part[MAX_LAGS];
    double autocorrelation[2 * MAX_LAGS], heights[2 * MAX_LAGS], early[MAX_LAGS], late[MAX_LAGS];
    float sum = sum_of_row(envelope, of->num_frames);
    const float *row = of->filtering;
    for (int i = 0; i < of->length; i++) {
        int begin = of->filtering_bands[2 * i], size = of->filtering_bands[2 * i + 1] - begin;
        beats[i] = dot(row, envelope + begin, size) + of->outside[i] * sum;
        row += size;
    }
    for (int i = of->length; i < of->padded; i++) beats[i] = 0.0f;
    for (int lag = 0; lag < of->num_lags; lag++) products[lag] = dot(beats + lag, beats, of->length);
    if (!(products[0] > of->flat)) return 0;
    row = of->weighting;
    for (int i = 0; i < of->last + 2; i++) {
        int begin = of->weighting_bands[2 * i], size = of->weighting_bands[2 * i + 1] - begin;
        autocorrelation[i] = dot(row, products + begin, size);
        row += size;
        heights[i] = autocorrelation[i] * of->inverse_prior[i];
    }
    int half_lag = slow_half_lag(heights, beat_half_lag(autocorrelation, of), of);
    if (has_timbre && asks_timbre(heights, half_lag, of)) return 2;
    double periodicity = heights[half_lag] / (double)products[0], lag = 0.5 * half_lag;
    result->periodicity = periodicity < 0.0 ? 0.0 : periodicity > 1.0 ? 1.0 : periodicity;

    double reach = of->reach * lag > 1.0 ? of->reach * lag : 1.0;
    int lowest = (int)rint(lag - reach), end = (int)rint(lag + reach) + 1;
    if (end > of->num_lags) end = of->num_lags;
    for (int i = lowest; i < end; i++) {
        early_part[i] = dot(beats + i, beats, of->num_early);
        early[i - lowest] = early_part[i];
        late[i - lowest] = ((double)products[i] - (double)early_part[i]) * of->late_scale[i];
    }
    double early_at, early_height, late_at, late_height;
    highest_of(early, end - lowest, &early_at, &early_height);
    highest_of(late, end - lowest, &late_at, &late_height);
    result->lag = lowest + (early_at * early_height + late_at * late_height) / (early_height + late_height);
    return 1;
}

typedef struct {
    int32_t tilt_first, tilt_end;
    float min_power;
    double min_spread, strong_high_db, min_correlation, least_tilt, most_tilt, most_swing;
} gate_settings;

typedef struct {
    double tilt, swing, bumps;
} gate_result;

/* Tilt, swing and bumps of the frames of a window. */
FUNCTION void auscult_gate(const gate_settings *of, const float *rows, const float *envelope, const float *low,
                           const float *high, int32_t count, gate_result *result) {
    float level[MAX_FRAMES], loud[MAX_FRAMES + LANES];
    lanes columns[NUM_ROWS / LANES] = {{0}};
    for (int frame = 0; frame < count; frame++)
        for (int row = 0; row < NUM_ROWS / LANES; row++)
            columns[row] += loaded(rows + frame * NUM_ROWS + LANES * row);
    const float *column = (const float *)columns;
    double all = 0.0, chosen = 0.0;
    for (int row = 0; row < NUM_ROWS; row++) all += column[row];
    for (int row = of->tilt_first; row < of->tilt_end; row++) chosen += column[row];
    double tilt = (chosen / (of->tilt_end - of->tilt_first) - all / NUM_ROWS) / count;
    result->tilt = tilt > of->least_tilt ? tilt < of->most_tilt ? tilt : of->most_tilt : of->least_tilt;

    float middle = sum_of_row(envelope, count) / (float)count;
    for (int i = 0; i < count; i++) level[i] = envelope[i] - middle;
    float energy = dot(level, level, count);
    double swing = sqrt((double)energy / count);
    result->swing = swing > of->most_swing ? of->most_swing : swing;

    double below = (double)sum_of_row(low, count) + of->min_power;
    double above = (double)sum_of_row(high, count) + of->min_power;
    double strength = 1.0 - 10.0 * log10(below / above) / of->strong_high_db;
    result->bumps = 0.0;
    if (strength <= 0.0) return;
    int whole = count / LANES * LANES;
    for (int i = 0; i < whole; i += LANES) stored(loud + i, log_of(loaded(high + i) + of->min_power));
    for (int i = whole; i < count; i++) loud[i] = log_of(all_lanes(high[i] + of->min_power))[0];
    float loud_middle = sum_of_row(loud, count) / (float)count;
    for (int i = 0; i < count; i++) loud[i] -= loud_middle;
    double spread = sqrt((double)energy * (double)dot(loud, loud, count));
    double correlation = spread > of->min_spread * count ? (double)dot(level, loud, count) / spread : 0.0;
    if (correlation > of->min_correlation)
        result->bumps = (strength < 1.0 ? strength : 1.0) * (correlation - of->min_correlation);
}

typedef struct {
    const image_settings *image;
    const rate_settings *rate;
    const gate_settings *gate;
} window_settings;

typedef struct {
    rate_result rate;
    gate_result gate;
} window_result;

/* All three of the window that begins at frame `slot` of those held; the result is that of the heart rate. */
EXPORT int32_t auscult_window(const window_settings *of, const held_frames *held, int32_t slot, float *image,
                              window_result *result) {
    const float *rows = held->rows + NUM_ROWS * slot, *envelope = held->envelope + slot;
    const float *low = held->low + slot, *high = held->high + slot;
    auscult_gate(of->gate, rows, envelope, low, high, of->image->num_frames, &result->gate);
    auscult_image(of->image, rows, envelope, image);
    return auscult_heart_rate(of->rate, envelope, 1, &result->rate);
}
