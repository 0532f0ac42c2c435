/* What the outputs of the network say of a window. Every number that is a setting comes from Python. */

#include <math.h>

#include "lanes.h"

#define MAX_LABELS 16

typedef struct {
    int32_t num_labels, has_odds; /* whether an output for other sounds than hearts follows those of the labels */
    int32_t has_loudness;         /* and one for a loud murmur behind that */
    double temperature, loud_weight, loud_bias, max_logit;
    const double *bias, *given; /* (num_labels,), or none; (num_labels, num_labels) from what is shown, or none */
} score_settings;

/* The calibrated scores of a network's outputs, and behind them the natural log-odds of a heart and the probability of
   a loud murmur. Compiled for any processor alike: a handful of numbers, which are those of Python to the last bit where its functions are C's. */
EXPORT void auscult_scores(const score_settings *of, const float *outputs, double *result) {
    int count = of->num_labels;
    double shown[MAX_LABELS], highest = outputs[0], top = -INFINITY, sum = 0.0;
    if (of->has_odds) {
        for (int i = 1; i < count; i++) highest = outputs[i] > highest ? outputs[i] : highest;
        for (int i = 0; i < count; i++) sum += exp((double)outputs[i] - highest);
        result[count] = highest + log(sum) - outputs[count];
    }
    if (of->has_loudness) {
        double logit = of->loud_weight * outputs[count + 1] + of->loud_bias;
        logit = logit > of->max_logit ? of->max_logit : logit < -of->max_logit ? -of->max_logit : logit;
        result[count + 1] = 1.0 / (1.0 + exp(-logit));
    }
    for (int i = 0; i < count; i++) {
        shown[i] = (double)outputs[i] / of->temperature;
        if (of->bias) shown[i] += of->bias[i];
        top = shown[i] > top ? shown[i] : top;
    }
    sum = 0.0;
    for (int i = 0; i < count; i++) sum += shown[i] = exp(shown[i] - top);
    for (int i = 0; i < count; i++) shown[i] /= sum;
    for (int i = 0; i < count; i++) {
        result[i] = of->given ? 0.0 : shown[i];
        for (int j = 0; of->given && j < count; j++) result[i] += shown[j] * of->given[j * count + i];
    }
}
