/* How sure a heart sound is: monitor/inference/segmentation/confidence.py, step by step, in double precision. */

#include <math.h>

#include "chunk.h"

struct confidence_settings {
    double by_probability, by_margin, by_recent, bias;
    double least, most, max_margin, max_log_odds, weight;
};

static double within(double value, double least, double most) {
    return value < least ? least : value > most ? most : value;
}

static double log_odds(const confidence_settings *of, double probability) {
    double inside = within(probability, of->least, of->most);
    return log(inside / (1.0 - inside));
}

/* Probability that the next heart sound is right; `recent` is the mean probability of those before. */
EXPORT double auscult_confidence(const confidence_settings *of, double *recent, double probability, double margin) {
    double odds = of->by_probability * log_odds(of, probability) +
                  of->by_margin * log1p(margin > of->max_margin ? of->max_margin : margin) +
                  of->by_recent * log_odds(of, *recent) + of->bias;
    *recent += of->weight * (probability - *recent);
    return 1.0 / (1.0 + exp(-within(odds, -of->max_log_odds, of->max_log_odds)));
}
