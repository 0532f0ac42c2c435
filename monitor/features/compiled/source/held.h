/* Where the frames begin in memory that a spectrogram holds. */

#ifndef AUSCULT_HELD_H
#define AUSCULT_HELD_H

typedef struct {
    float *rows;                   /* log power (frames, rows) */
    float *envelope, *low, *high;  /* one number for each frame */
} held_frames;

#endif
