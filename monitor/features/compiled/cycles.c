/* How loud the parts of a cardiac cycle are. Where they begin and end comes from Python. */

#include "lanes.h"

/* Mean of some frames in each pair of bands. */
INLINE void mean_of_pairs(const float *bands, int32_t num_bands, int32_t begin, int32_t end, float *means) {
    for (int pair = 0; pair < num_bands / 2; pair++) {
        const float *of = bands + begin * num_bands + 2 * pair;
        float first = 0.0f, second = 0.0f;
        for (int frame = begin; frame < end; frame++, of += num_bands) {
            first += of[0];
            second += of[1];
        }
        means[pair] = 0.5f * (first + second) / (float)(end - begin);
    }
}

/* The halves of systole, then the thirds of the diastole before it, of frames of (num_bands,) each. */
FUNCTION void auscult_cycle(const float *bands, int32_t num_bands, int32_t diastole, int32_t second, int32_t third,
                            int32_t rest, int32_t systole, int32_t half, int32_t end, float *values) {
    const int32_t begins[] = {systole, half, diastole, second, third}, ends[] = {half, end, second, third, rest};
    for (int part = 0; part < 5; part++, values += num_bands / 2)
        mean_of_pairs(bands, num_bands, begins[part], ends[part], values);
}
