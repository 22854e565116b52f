// Group norm's kernels, compiled once for each instruction set; see vector16.h.
#include "group_norm.h"
#include "vector16.h"

/// Channels whose sums and factors stay in registers.
enum { BLOCK_VECTORS = 4, BLOCK_CHANNELS = BLOCK_VECTORS * LANES };

INLINE int lanes_left(int channels, int vector) {
    int left = channels - vector * LANES;
    return left < LANES ? (left > 0 ? left : 0) : LANES;
}

/// Sums of x - origin, and of its squares, over all pixels of some channels.
INLINE void block_sums(
    const struct moment_pixels *job, int first, int channels, const int vectors, bool half,
    const floats origin[BLOCK_VECTORS], floats sums[BLOCK_VECTORS], floats squares[BLOCK_VECTORS]) {
    for (int i = 0; i < vectors; i++) {
        sums[i] = squares[i] = all(0);
    }
    for (ptrdiff_t pixel = 0; pixel < job->pixels; pixel++) {
        for (int i = 0; i < vectors; i++) {
            ptrdiff_t place = pixel * job->channels + first + i * LANES;
            floats x = loaded(job->x, place, lanes_left(channels, i), half) - origin[i];
            sums[i] += x;
            squares[i] += x * x;
        }
    }
}

/// Moments of some channels, at most BLOCK_CHANNELS: first the mean, then what differs from it, so that a mean far from
/// zero costs no digits.
INLINE void block_moments(const struct moment_pixels *job, int first, int channels, const int vectors, bool half) {
    floats origin[BLOCK_VECTORS] = {}, sums[BLOCK_VECTORS], squares[BLOCK_VECTORS];
    block_sums(job, first, channels, vectors, half, origin, sums, squares);
    for (int i = 0; i < vectors; i++) {
        origin[i] = sums[i] / (float)job->pixels;
    }
    block_sums(job, first, channels, vectors, half, origin, sums, squares);
    for (int channel = 0; channel < channels; channel++) {
        int i = channel / LANES, lane = channel % LANES;
        double rest = (double)sums[i][lane] / (double)job->pixels;
        job->means[first + channel] = (double)origin[i][lane] + rest;
        job->squares[first + channel] = (double)squares[i][lane] - rest * (double)sums[i][lane];
    }
}

INLINE void moments_any(const struct moment_pixels *job, bool half) {
    int first = 0;
    for (; first + BLOCK_CHANNELS <= job->channels; first += BLOCK_CHANNELS) {
        block_moments(job, first, BLOCK_CHANNELS, BLOCK_VECTORS, half);
    }
    for (; first < job->channels; first += LANES) {
        block_moments(job, first, lanes_left(job->channels - first, 0), 1, half);
    }
}

static void moments(const struct moment_pixels *job) {
    if (job->half) {
        moments_any(job, true);
    } else {
        moments_any(job, false);
    }
}

INLINE void scale_any(const struct scale_pixels *job, bool silu, bool half) {
    for (ptrdiff_t pixel = 0; pixel < job->pixels; pixel++) {
        ptrdiff_t start = pixel * job->channels;
        for (int channel = 0; channel < job->channels; channel += LANES) {
            int count = lanes_left(job->channels - channel, 0);
            floats x = loaded(job->x, start + channel, count, half);
            x = x * loaded(job->scale, channel, count, false) + loaded(job->shift, channel, count, false);
            store(job->output, start + channel, count, silu ? silu_of(x) : x, half);
        }
    }
}

static void scale(const struct scale_pixels *job) {
    if (job->half && job->silu) {
        scale_any(job, true, true);
    } else if (job->half) {
        scale_any(job, false, true);
    } else if (job->silu) {
        scale_any(job, true, false);
    } else {
        scale_any(job, false, false);
    }
}
