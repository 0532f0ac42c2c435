/* Eight numbers at a time. What is computed in a lane does not depend on the other lanes, nor on how many are used. */

#ifndef AUSCULT_LANES_H
#define AUSCULT_LANES_H

#include <stdint.h>
#include <string.h>

#define LANES 8

typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef int32_t int_lanes __attribute__((vector_size(4 * LANES)));

#ifdef __clang__ /* the same with constant orders under another name */
#define SHUFFLED(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLED(a, b, ...) __builtin_shuffle(a, b, (int_lanes){__VA_ARGS__})
#endif

#define INLINE static inline __attribute__((always_inline))
#ifdef _WIN32
#define EXPORT __attribute__((dllexport))
#else
#define EXPORT __attribute__((visibility("default")))
#endif
#ifdef SEVERAL_PROCESSORS /* the loader takes the version for the processor it finds */
#define FUNCTION EXPORT __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define FUNCTION EXPORT
#endif

INLINE lanes loaded(const float *from) {
    lanes value;
    memcpy(&value, from, sizeof value);
    return value;
}

INLINE void stored(float *to, lanes value) { memcpy(to, &value, sizeof value); }

INLINE lanes all_lanes(float value) { return (lanes){value, value, value, value, value, value, value, value}; }

INLINE float sum_of(lanes value) {
    return ((value[0] + value[4]) + (value[2] + value[6])) + ((value[1] + value[5]) + (value[3] + value[7]));
}

INLINE lanes larger(lanes a, lanes b) {
    int_lanes first = a > b;
    return (lanes)(((int_lanes)a & first) | ((int_lanes)b & ~first));
}

INLINE lanes smaller(lanes a, lanes b) {
    int_lanes first = a < b;
    return (lanes)(((int_lanes)a & first) | ((int_lanes)b & ~first));
}

INLINE float largest_of(lanes value) {
    float largest = value[0];
    for (int lane = 1; lane < LANES; lane++)
        if (value[lane] > largest) largest = value[lane];
    return largest;
}

/* Turn eight rows of eight numbers into eight columns. */
INLINE void transposed(lanes row[LANES]) {
    lanes a[LANES], b[LANES];
    for (int i = 0; i < LANES; i += 2) {
        a[i] = SHUFFLED(row[i], row[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        a[i + 1] = SHUFFLED(row[i], row[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < LANES; i += 4)
        for (int j = 0; j < 2; j++) {
            b[i + 2 * j] = SHUFFLED(a[i + j], a[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            b[i + 2 * j + 1] = SHUFFLED(a[i + j], a[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (int i = 0; i < LANES / 2; i++) {
        row[i] = SHUFFLED(b[i], b[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        row[i + 4] = SHUFFLED(b[i], b[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

/* Sum of the products of two rows. */
INLINE float dot(const float *a, const float *b, int count) {
    lanes even = {0}, odd = {0};
    int i = 0;
    for (; i + 2 * LANES <= count; i += 2 * LANES) {
        even += loaded(a + i) * loaded(b + i);
        odd += loaded(a + i + LANES) * loaded(b + i + LANES);
    }
    float rest = 0.0f;
    for (; i + LANES <= count; i += LANES) even += loaded(a + i) * loaded(b + i);
    for (; i < count; i++) rest += a[i] * b[i];
    return sum_of(even + odd) + rest;
}

/* Natural logarithm of positive normal numbers; of infinity, infinity. Less than one unit in the last place off.
   Source: e_logf.c of FreeBSD (Sun Microsystems), whose polynomial this is. */
INLINE lanes log_of(lanes x) {
    int_lanes bits = (int_lanes)x;
    int_lanes infinite = bits == 0x7f800000;
    bits += 0x3f800000 - 0x3f3504f3;
    lanes exponent = __builtin_convertvector((bits >> 23) - 127, lanes);
    lanes f = (lanes)((bits & 0x007fffff) + 0x3f3504f3) - 1.0f;
    lanes s = f / (f + 2.0f);
    lanes z = s * s, w = z * z;
    lanes even = w * (w * 0.24279078841f + 0.40000972152f), odd = z * (w * 0.28498786688f + 0.66666662693f);
    lanes half = f * f * 0.5f;
    lanes result = s * (half + even + odd) + exponent * 9.0580006145e-06f - half + f + exponent * 6.9313812256e-01f;
    return (lanes)(((int_lanes)result & ~infinite) | ((int_lanes)x & infinite));
}

#endif
