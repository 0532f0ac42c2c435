/* The decoder of the cardiac cycle: monitor/inference/segmentation/cycle_decoder.py, step by step, in double precision.

   Python owns the memory, and says by `first` and `next` what is in it. Every number that is a setting comes from
   Python under its name there. */

#include <math.h>
#include <string.h>

#include "chunk.h"

enum { S1, SYSTOLE, S2, DIASTOLE, NUM_STATES };

struct decoder_settings {
    int32_t decided_after, rivals, recalled, smoothed, half_sound, centred, min_apart, max_systole, max_diastole;
    int32_t max_cycle, min_cycle, same_again, kept_frames, trimmed_at;
    double frames_per_s, min_probability, floor, evidence, max_unheard_cycles, max_diastoles;
    double first_cycle_s, first_systole_s, min_cycle_s, max_cycle_s, min_systole_s, max_systole_s, min_diastole_s;
    double adaptation, cycle_price, max_cycle_price, systole_price, max_systole_price, unheard_price, break_price;
};

typedef struct {
    int64_t frame;
    int32_t is_s1, unused;
    double probability, worth, above_diastole, cycle_s, systole_s;
} candidate;

struct decoder_state {
    int64_t first, next, last_s1, last_s2; /* frames */
    int32_t length, num_candidates, num_decided, unused;
    double above_diastole;
    double (*logs)[NUM_STATES], (*sums)[NUM_STATES];
    candidate *candidates;
};

static double least(double a, double b) { return b < a ? b : a; }

static double most(double a, double b) { return b > a ? b : a; }

/* What the frames between two sounds say for one state, or for two with a change after so many frames; a negative
   number of frames counts from the end. */
static double between(const decoder_settings *of, const decoder_state *at, const candidate *one,
                      const candidate *other, int early, int late, int change) {
    double(*logs)[NUM_STATES] = at->logs;
    int64_t begin = one->frame - at->first, end = other->frame - at->first;
    int64_t half = (end - begin) / 2 < of->half_sound ? (end - begin) / 2 : of->half_sound;
    int64_t left = begin + half, right = end - half, middle;
    if (change >= 0)
        middle = left + change < right ? left + change : right;
    else
        middle = right + change > left ? right + change : left;
    int own = one->is_s1 ? S1 : S2, others = other->is_s1 ? S1 : S2;
    return logs[left][own] - logs[begin][own] + logs[middle][early] - logs[left][early] + logs[right][late] -
           logs[middle][late] + logs[end][others] - logs[right][others];
}

static double priced(double price, double ratio, double highest) {
    double logarithm = log(ratio);
    return least(price * (logarithm * logarithm), highest);
}

/* Let a candidate follow another if that is the best path yet. */
static void follow(const decoder_settings *of, const decoder_state *at, candidate *now, const candidate *one) {
    int64_t apart = now->frame - one->frame;
    double seconds = (double)apart / of->frames_per_s, cycle_s = one->cycle_s, systole_s = one->systole_s, price, worth;
    if (one->is_s1 && !now->is_s1) {
        if (apart > of->max_systole) return;
        price = priced(of->systole_price, seconds / systole_s, of->max_systole_price);
        worth = between(of, at, one, now, SYSTOLE, SYSTOLE, 0);
        systole_s = least(most(systole_s * pow(seconds / systole_s, of->adaptation), of->min_systole_s),
                          of->max_systole_s);
    } else if (now->is_s1 && !one->is_s1) {
        double usual = most(cycle_s - systole_s, of->min_diastole_s);
        if (apart > of->max_diastole || seconds > of->max_diastoles * usual) return;
        price = priced(of->cycle_price, seconds / usual, of->max_cycle_price);
        worth = between(of, at, one, now, DIASTOLE, DIASTOLE, 0);
        cycle_s = least(most(cycle_s * pow((systole_s + seconds) / cycle_s, of->adaptation), of->min_cycle_s),
                        of->max_cycle_s);
    } else {
        if (apart < of->min_cycle || apart > of->max_cycle ||
            (double)apart > of->max_unheard_cycles * cycle_s * of->frames_per_s) return;
        price = of->unheard_price + priced(of->cycle_price, seconds / cycle_s, of->max_cycle_price);
        int systole = (int)(systole_s * of->frames_per_s);
        worth = one->is_s1 ? between(of, at, one, now, SYSTOLE, DIASTOLE, systole)
                           : between(of, at, one, now, DIASTOLE, SYSTOLE, -systole);
        cycle_s = least(most(cycle_s * pow(seconds / cycle_s, of->adaptation), of->min_cycle_s), of->max_cycle_s);
    }
    double sum = one->worth + worth - price;
    if (sum > now->worth) {
        now->worth = sum;
        now->cycle_s = cycle_s;
        now->systole_s = systole_s;
    }
}

/* Find the best path to a candidate. */
static void join(const decoder_settings *of, const decoder_state *at, candidate *now) {
    int64_t index = now->frame - at->first, edge = index - of->half_sound > 0 ? index - of->half_sound : 0;
    int64_t latest = now->frame - of->min_apart;
    int state = now->is_s1 ? S1 : S2;
    double own = at->logs[index][state] - at->logs[edge][state], above = at->above_diastole;
    for (int i = 0; i < at->num_candidates && at->candidates[i].frame <= latest; i++)
        above = most(above, at->candidates[i].above_diastole);
    now->worth = above + at->logs[edge][DIASTOLE] + own - of->break_price;
    now->cycle_s = of->first_cycle_s;
    now->systole_s = of->first_systole_s;
    for (int i = 0; i < at->num_candidates && at->candidates[i].frame <= latest; i++)
        follow(of, at, now, &at->candidates[i]);
    now->above_diastole = now->worth - at->logs[index][DIASTOLE];
}

/* Worth of the path that ends with a candidate, a while later. */
static double worth_at(const decoder_settings *of, const decoder_state *at, const candidate *one, int64_t index) {
    int64_t begin = one->frame - at->first, edge = begin + of->half_sound < index ? begin + of->half_sound : index;
    int own = one->is_s1 ? S1 : S2, then = one->is_s1 ? SYSTOLE : DIASTOLE;
    return one->worth + at->logs[edge][own] - at->logs[begin][own] + at->logs[index][then] - at->logs[edge][then];
}

/* Middle of a heart sound, a frame with a fraction. */
static double centre(const decoder_settings *of, const decoder_state *at, const candidate *now) {
    int64_t index = now->frame - at->first, begin = index - of->centred > 0 ? index - of->centred : 0;
    int64_t end = index + of->centred + 1 < at->length - 1 ? index + of->centred + 1 : at->length - 1;
    int state = now->is_s1 ? S1 : S2;
    double sum = 0.0, weights = 0.0;
    for (int64_t i = begin; i < end; i++) {
        double weight = at->sums[i + 1][state] - at->sums[i][state];
        sum += weight * (double)(i - begin);
        weights += weight;
    }
    return (double)(at->first + begin) + sum / weights;
}

/* Whether a candidate is a heart sound: its path is the best a moment later, and it is not one again. */
static int is_sound(const decoder_settings *of, decoder_state *at, int which, decoded_sound *sound) {
    const candidate *now = &at->candidates[which];
    int64_t index = now->frame - at->first + of->decided_after;
    double own = worth_at(of, at, now, index), above = at->above_diastole;
    int from = at->num_candidates > of->recalled ? at->num_candidates - of->recalled : 0, remembered = 0;
    /* older ones count as forgotten, whether or not they already are */
    for (; at->candidates[remembered].frame < now->frame - of->max_cycle; remembered++)
        above = most(above, at->candidates[remembered].above_diastole);
    double margin = own - above - at->logs[index][DIASTOLE];
    for (int i = from > remembered ? from : remembered; i < at->num_candidates; i++) {
        const candidate *one = &at->candidates[i];
        double ahead = own - worth_at(of, at, one, index);
        if (i != which && ahead <= 0) return 0;
        if (ahead < margin && (one->is_s1 != now->is_s1 || now->frame - one->frame > of->half_sound)) margin = ahead;
    }
    int64_t same_before = now->is_s1 ? at->last_s1 : at->last_s2;
    int64_t before = at->last_s1 > at->last_s2 ? at->last_s1 : at->last_s2;
    if (now->frame - same_before < of->same_again || now->frame - before < of->min_apart) return 0;
    if (now->is_s1)
        at->last_s1 = now->frame;
    else
        at->last_s2 = now->frame;
    *sound = (decoded_sound){now->is_s1, centre(of, at, now), now->probability, margin > 0.0 ? margin : 0.0, 0.0};
    return 1;
}

/* Decide the candidates before a frame; their rivals are all known. */
static int decide(const decoder_settings *of, decoder_state *at, int64_t end, decoded_sound *sounds, int count) {
    for (; at->num_decided < at->num_candidates && at->candidates[at->num_decided].frame < end; at->num_decided++)
        count += is_sound(of, at, at->num_decided, sounds + count);
    return count;
}

/* Mean probability around a frame. */
static double smooth(const decoder_settings *of, const decoder_state *at, int64_t frame, int state) {
    int64_t index = frame - at->first;
    return (at->sums[index + of->smoothed + 1][state] - at->sums[index - of->smoothed][state]) /
           (2 * of->smoothed + 1);
}

/* Take the probabilities (count, 4) of the next frames; return how many heart sounds they decide. */
EXPORT int32_t auscult_decode(const decoder_settings *of, decoder_state *at, const float *probabilities, int32_t count,
                              decoded_sound *sounds) {
    for (int i = 0; i < count; i++, at->length++)
        for (int state = 0; state < NUM_STATES; state++) {
            double value = probabilities[NUM_STATES * i + state];
            at->sums[at->length][state] = at->sums[at->length - 1][state] + value;
            at->logs[at->length][state] = at->logs[at->length - 1][state] + of->evidence * log(most(value, of->floor));
        }
    int64_t searched = at->first + at->length - 1 - of->smoothed - of->rivals;
    int num_sounds = 0;
    for (int64_t frame = at->next; frame < searched; frame++)
        for (int is_s1 = 1; is_s1 >= 0; is_s1--) {
            int state = is_s1 ? S1 : S2;
            double here = smooth(of, at, frame, state);
            if (!(here > of->min_probability) || here < smooth(of, at, frame - 1, state) ||
                here <= smooth(of, at, frame + 1, state))
                continue;
            num_sounds = decide(of, at, frame - of->rivals, sounds, num_sounds);
            candidate *now = &at->candidates[at->num_candidates];
            now->frame = frame;
            now->is_s1 = is_s1;
            now->probability = here;
            join(of, at, now);
            at->num_candidates++;
        }
    if (searched > at->next) at->next = searched;
    num_sounds = decide(of, at, at->next - of->rivals, sounds, num_sounds);

    int64_t oldest = at->next - of->max_cycle - of->rivals;
    int gone = 0;
    for (; gone < at->num_candidates && at->candidates[gone].frame < oldest; gone++)
        at->above_diastole = most(at->above_diastole, at->candidates[gone].above_diastole);
    at->num_candidates -= gone;
    at->num_decided -= gone;
    memmove(at->candidates, at->candidates + gone, (size_t)at->num_candidates * sizeof(candidate));
    if (at->length > of->trimmed_at) {
        int excess = at->length - of->kept_frames;
        at->length = of->kept_frames;
        memmove(at->sums, at->sums + excess, (size_t)at->length * sizeof *at->sums);
        memmove(at->logs, at->logs + excess, (size_t)at->length * sizeof *at->logs);
        at->first += excess;
    }
    return num_sounds;
}
