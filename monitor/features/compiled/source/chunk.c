/* The heart sounds of a chunk of sound in one call: what bands, layers, decoder and confidence do in several. */

#include "chunk.h"

enum { QUIET = -1, NOT_FINITE = -2 };

typedef struct {
    int32_t num_waiting, num_samples, num_frames, num_bands;
    float *sound; /* num_waiting samples from before the chunk, then those of the chunk */
    float *bands, *probabilities;
    const band_settings *of_bands;
    const layer_settings *of_layers;
    layer_state *layers;
    const decoder_settings *of_decoder;
    decoder_state *decoder;
    decoded_sound *sounds;
    const confidence_settings *of_confidence;
    double *recent;
} chunk_path;

/* Return how many heart sounds a chunk decides, and let its last samples wait for the next. Where a frame is not loud,
   nothing but `bands` has changed: what then follows is done in Python. */
EXPORT int32_t auscult_chunk(const chunk_path *at) {
    if (auscult_bands(at->of_bands, at->sound, at->num_frames, at->bands) < at->num_frames) return QUIET;
    memmove(at->sound, at->sound + at->num_samples, (size_t)at->num_waiting * sizeof(float));
    if (!auscult_layers(at->of_layers, at->layers, at->bands, at->num_bands, at->probabilities)) return NOT_FINITE;
    int32_t count = auscult_decode(at->of_decoder, at->decoder, at->probabilities, at->num_frames, at->sounds);
    for (decoded_sound *one = at->sounds; one < at->sounds + count; one++)
        one->confidence = auscult_confidence(at->of_confidence, at->recent, one->probability, one->margin);
    return count;
}
