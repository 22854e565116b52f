#include "group_norm.h"

#include "kernels_group_norm.h"
#include "kernels_parallel.h"
#include "kernels_path.h"

static const struct group_norm *group_norm_of_path(void) {
#if defined(__x86_64__)
    if (kernels_path() >= KERNELS_AVX512_VNNI) {
        return &group_norm_avx512;
    }
    if (kernels_path() >= KERNELS_AVX2) {
        return &group_norm_avx2;
    }
#endif
    return &group_norm_portable;
}

/// Pixels of a task, so that it is worth its start: some 32 K numbers. Float32 sums over so few keep their digits.
static ptrdiff_t task_pixels(int channels) {
    ptrdiff_t pixels = 32768 / (channels > 0 ? channels : 1);
    return pixels < 16 ? 16 : pixels;
}

static int task_count(ptrdiff_t pixels, int channels) {
    return (int)((pixels + task_pixels(channels) - 1) / task_pixels(channels));
}

static ptrdiff_t pixels_of_task(int task, ptrdiff_t pixels, int channels) {
    ptrdiff_t left = pixels - task * task_pixels(channels);
    return left < task_pixels(channels) ? left : task_pixels(channels);
}

static const void *moved(const void *elements, ptrdiff_t count, bool half) {
    return (const char *)elements + count * (half ? 2 : 4);
}

// Moments

typedef struct {
    struct moment_pixels all;
    double *of_tasks; // [tasks, 2, channels]
    const struct group_norm *kernels;
} Moments;

static void moments_task(void *context, int task, int thread) {
    (void)thread;
    const Moments *moments = context;
    struct moment_pixels pixels = moments->all;
    pixels.x = moved(pixels.x, task * task_pixels(pixels.channels) * pixels.channels, pixels.half);
    pixels.pixels = pixels_of_task(task, moments->all.pixels, pixels.channels);
    pixels.means = moments->of_tasks + (ptrdiff_t)task * 2 * pixels.channels;
    pixels.squares = pixels.means + pixels.channels;
    moments->kernels->moments(&pixels);
}

/// Joins the moments of all tasks, in their order.
static void join(const Moments *moments) {
    const struct moment_pixels *all = &moments->all;
    double seen = 0;
    for (int task = 0; task < task_count(all->pixels, all->channels); task++) {
        const double *means = moments->of_tasks + (ptrdiff_t)task * 2 * all->channels;
        double count = (double)pixels_of_task(task, all->pixels, all->channels);
        double share = count / (seen + count);
        for (int channel = 0; channel < all->channels; channel++) {
            double mean = task > 0 ? all->means[channel] : 0, squares = task > 0 ? all->squares[channel] : 0;
            double difference = means[channel] - mean;
            all->means[channel] = task > 0 ? mean + difference * share : means[channel];
            all->squares[channel] = squares + means[all->channels + channel] + difference * difference * seen * share;
        }
        seen += count;
    }
}

size_t kernels_channel_moments_scratch(ptrdiff_t pixels, int channels) {
    return sizeof(double) * 2 * (size_t)task_count(pixels, channels) * (size_t)channels;
}

static void channel_moments(
    ptrdiff_t pixels, int channels, bool half, const void *x, double *means, double *squares, void *scratch) {
    Moments moments = {{half, pixels, channels, x, means, squares}, scratch, group_norm_of_path()};
    kernels_parallel(task_count(pixels, channels), moments_task, &moments);
    join(&moments);
}

void kernels_channel_moments_bfloat16(
    ptrdiff_t pixels, int channels, const uint16_t *x, double *means, double *squares, void *scratch) {
    channel_moments(pixels, channels, true, x, means, squares, scratch);
}

void kernels_channel_moments_float32(
    ptrdiff_t pixels, int channels, const float *x, double *means, double *squares, void *scratch) {
    channel_moments(pixels, channels, false, x, means, squares, scratch);
}

// Scale and shift

typedef struct {
    struct scale_pixels all;
    const struct group_norm *kernels;
} Scale;

static void scale_task(void *context, int task, int thread) {
    (void)thread;
    const Scale *scale = context;
    struct scale_pixels pixels = scale->all;
    ptrdiff_t start = task * task_pixels(pixels.channels) * pixels.channels;
    pixels.x = moved(pixels.x, start, pixels.half);
    pixels.output = (void *)moved(pixels.output, start, pixels.half);
    pixels.pixels = pixels_of_task(task, scale->all.pixels, pixels.channels);
    scale->kernels->scale(&pixels);
}

static void scale_shift(
    ptrdiff_t pixels, int channels, bool half, const void *x, const float *factor, const float *shift, bool silu,
    void *output) {
    Scale scale = {{half, silu, pixels, channels, x, factor, shift, output}, group_norm_of_path()};
    kernels_parallel(task_count(pixels, channels), scale_task, &scale);
}

void kernels_scale_shift_bfloat16(
    ptrdiff_t pixels, int channels, const uint16_t *x, const float *scale, const float *shift, bool silu,
    uint16_t *output) {
    scale_shift(pixels, channels, true, x, scale, shift, silu, output);
}

void kernels_scale_shift_float32(
    ptrdiff_t pixels, int channels, const float *x, const float *scale, const float *shift, bool silu, float *output) {
    scale_shift(pixels, channels, false, x, scale, shift, silu, output);
}
