/* What finds the heart sounds of a chunk of sound: each function and its settings are in the file of its name. */

#ifndef AUSCULT_CHUNK_H
#define AUSCULT_CHUNK_H

#include "lanes.h"

typedef struct band_settings band_settings;
typedef struct layer_settings layer_settings;
typedef struct layer_state layer_state;
typedef struct decoder_settings decoder_settings;
typedef struct decoder_state decoder_state;
typedef struct confidence_settings confidence_settings;

typedef struct {
    double is_s1, frame, probability, margin, confidence; /* the last is told after the others */
} decoded_sound;

EXPORT int32_t auscult_bands(const band_settings *of, const float *sound, int32_t count, float *bands);
EXPORT int32_t auscult_layers(const layer_settings *of, layer_state *at, const float *bands, int32_t num_bands,
                              float *probabilities);
EXPORT int32_t auscult_decode(const decoder_settings *of, decoder_state *at, const float *probabilities, int32_t count,
                              decoded_sound *sounds);
EXPORT double auscult_confidence(const confidence_settings *of, double *recent, double probability, double margin);

#endif
