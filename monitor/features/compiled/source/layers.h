/* One layer of the network in layers.c, which includes this for each width of numbers that it is compiled for.

   LAYER is the name of the function, WIDTH how many numbers are computed at a time, ROWS for how many moments. */

#define JOINED(a, b) a##b
#define NAMED(a, b) JOINED(a, b)
#define columns NAMED(LAYER, _columns)
#define whole_columns NAMED(LAYER, _whole_columns)
#define PARTS (CHANNELS / WIDTH)

typedef float columns __attribute__((vector_size(4 * WIDTH)));
typedef int32_t whole_columns __attribute__((vector_size(4 * WIDTH)));

/* Outputs (num_moments, CHANNELS): a product with the matrix (taps * count, CHANNELS), a bias, no less than 0, and what
   is added then, if anything. The inputs of each moment are `taps` rows of `count` numbers. */
LAYER_FUNCTION void LAYER(const float *const *rows, int taps, int count, int num_moments, const float *matrix,
                          const float *bias, const float *added, float *to) {
    for (int moment = 0; moment < num_moments; moment += ROWS, rows += ROWS * taps) {
        columns sums[ROWS][PARTS];
        for (int row = 0; row < ROWS; row++) memcpy(sums[row], bias, sizeof sums[row]);
        const float *from = matrix;
        for (int tap = 0; tap < taps; tap++)
            for (int i = 0; i < count; i++, from += CHANNELS)
                for (int part = 0; part < PARTS; part++) {
                    columns weights;
                    memcpy(&weights, from + WIDTH * part, sizeof weights);
                    for (int row = 0; row < ROWS; row++) sums[row][part] += rows[row * taps + tap][i] * weights;
                }
        for (int row = 0; row < ROWS; row++)
            for (int part = 0; part < PARTS; part++) {
                int at = (moment + row) * CHANNELS + WIDTH * part;
                columns value = sums[row][part], before = {0};
                value = (columns)((whole_columns)value & ~(value < 0.0f)); /* what is no number stays so */
                if (added) memcpy(&before, added + at, sizeof before);
                value += before;
                memcpy(to + at, &value, sizeof value);
            }
    }
}

#undef JOINED
#undef NAMED
#undef columns
#undef whole_columns
#undef PARTS
#undef LAYER
#undef LAYER_FUNCTION
#undef WIDTH
#undef ROWS
