/* The most likely path through the peaks of a beat's match: monitor/analysis/rhythm/beat_path.py, step by step, in double
   precision. Python owns the memory; every number that is a setting comes from there. */

#include <math.h>

#include "lanes.h"

#define MAX_PEAKS 256 /* that are remembered; one that is older than those is forgotten */

typedef struct {
    double max_clarity, min_threshold, threshold_position, first, clarity_weight, nearest, farthest, steps;
    double min_pause, ectopic, unusual;
    double coupling[2], both[2], usual_both[2];
    double end_search;
    const double *log_likelihoods;
} path_settings;

typedef struct {
    double position, clarity, value;
    double ectopic_position, ectopic_clarity; /* of the ectopic beat before it on its path */
    int64_t has_ectopic, previous;            /* the peak before that; -1 for none */
} peak;

typedef struct {
    int64_t count; /* of all peaks so far */
    double settled;
    peak peaks[MAX_PEAKS];
} beat_path;

INLINE peak *peak_of(beat_path *at, int64_t number) { return &at->peaks[number % MAX_PEAKS]; }

INLINE int64_t oldest(const beat_path *at) { return at->count > MAX_PEAKS ? at->count - MAX_PEAKS : 0; }

/* The clearest peak after `first` that may be an ectopic beat, of the numbers up to `last`; -1 for none. */
static int64_t clearest_after(beat_path *at, const path_settings *of, int64_t first, int64_t last, double interval) {
    int64_t clearest = -1;
    for (int64_t number = last; number > first; number--) {
        double coupling = (peak_of(at, number)->position - peak_of(at, first)->position) / interval;
        if (of->coupling[0] <= coupling && coupling <= of->coupling[1] &&
            (clearest < 0 || peak_of(at, number)->clarity > peak_of(at, clearest)->clarity))
            clearest = number;
    }
    return clearest;
}

static void add(beat_path *at, const path_settings *of, double position, double clarity, double interval,
                double threshold) {
    double max_ectopic = of->ectopic + of->clarity_weight * (of->max_clarity - threshold);
    double per_interval = 1.0 / interval;
    peak new = {.position = position, .clarity = clarity, .value = of->first, .previous = -1};
    int64_t after_pause = -1; /* the last peak that leaves room for the pause after an ectopic beat */
    for (int64_t number = at->count - 1; number >= oldest(at); number--) {
        const peak *before = peak_of(at, number);
        double ratio = (position - before->position) * per_interval;
        if (ratio < of->nearest) continue;
        if (ratio > of->farthest) break;
        double value = before->value + of->log_likelihoods[(int64_t)(ratio * of->steps)];
        if (value > new.value) new.value = value, new.previous = number, new.has_ectopic = 0;
        if (ratio < of->min_pause) continue;
        if (after_pause < 0) after_pause = number;
        if (of->both[0] <= ratio && ratio <= of->both[1] && before->value + max_ectopic > new.value) {
            int64_t clearest = clearest_after(at, of, number, after_pause, interval);
            if (clearest < 0) continue;
            const peak *ectopic = peak_of(at, clearest);
            int usual = of->usual_both[0] < ratio && ratio < of->usual_both[1];
            value = before->value + of->ectopic + of->clarity_weight * (ectopic->clarity - threshold) +
                    (usual ? 0.0 : of->unusual);
            if (value > new.value) {
                new.value = value, new.previous = number, new.has_ectopic = 1;
                new.ectopic_position = ectopic->position, new.ectopic_clarity = ectopic->clarity;
            }
        }
    }
    new.value += of->clarity_weight * (clarity - threshold);
    *peak_of(at, at->count++) = new;
}

/* Take the next peaks, each with its position from `start` on and its clarity. */
EXPORT void auscult_path_add(beat_path *at, const path_settings *of, const double (*peaks)[2], int32_t count,
                             double start, double interval, double background) {
    double threshold = of->threshold_position + (1.0 - of->threshold_position) * background;
    if (threshold < of->min_threshold) threshold = of->min_threshold;
    for (int i = 0; i < count; i++) {
        double clarity = peaks[i][1] < of->max_clarity ? peaks[i][1] : of->max_clarity;
        add(at, of, start + peaks[i][0], clarity, interval, threshold);
    }
}

/* Position, clarity and whether it follows the one before, of the beats up to a frame that were not yet settled; at most
   so many, and how many. */
EXPORT int32_t auscult_path_settle(beat_path *at, const path_settings *of, double interval, double until, int32_t most,
                                   double (*beats)[3]) {
    if (!at->count) return 0;
    int64_t end = at->count - 1;
    double earliest = peak_of(at, end)->position - of->end_search * interval;
    for (int64_t number = end; number >= oldest(at) && peak_of(at, number)->position > earliest; number--)
        if (peak_of(at, number)->value > peak_of(at, end)->value) end = number;
    int64_t path[MAX_PEAKS];
    int length = 0;
    double from = INFINITY; /* where the path comes from */
    for (; end >= oldest(at); end = peak_of(at, end)->previous) {
        const peak *here = peak_of(at, end);
        from = here->position;
        if (from <= at->settled) break;
        path[length++] = end;
        if (here->has_ectopic) {
            from = here->ectopic_position;
            if (from <= at->settled) break;
        }
    }
    int found = 0, follows = from == at->settled;
    while (length-- && found < most) {
        const peak *here = peak_of(at, path[length]);
        for (int i = !here->has_ectopic; i < 2 && found < most; i++) {
            double position = i ? here->position : here->ectopic_position;
            if (position <= at->settled) continue;
            if (position > until) return found;
            beats[found][0] = at->settled = position;
            beats[found][1] = i ? here->clarity : here->ectopic_clarity;
            beats[found++][2] = follows;
            follows = 1;
        }
    }
    return found;
}

/* Clarity of the clearest peak between two frames, 0 if there is none. */
EXPORT double auscult_path_highest(beat_path *at, double start, double end) {
    double highest = 0.0;
    for (int64_t number = at->count - 1; number >= oldest(at); number--) {
        const peak *here = peak_of(at, number);
        if (here->position <= start) break;
        if (here->position < end && here->clarity > highest) highest = here->clarity;
    }
    return highest;
}
