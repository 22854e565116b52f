#define _GNU_SOURCE

#include "kernels_peak.h"

#include "kernels_parallel.h"
#include "kernels_path.h"
#include "matrix_tile.h"
#include "peak.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

enum { RUNS = 8, TASKS_A_THREAD = 16, TURNS = 150000, TILE_TURNS = 20000, TILES = 64 };

struct peak {
    enum kernels_format format;
    atomic_int unused;
};

static double seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/// The best of some runs, as others use the machine too.
static double best_rate(double amount, int tasks, void (*body)(void *, int, int), void *context) {
    double best = 0;
    for (int run = 0; run < RUNS; run++) {
        double start = seconds();
        kernels_parallel(tasks, body, context);
        double rate = amount / (seconds() - start);
        best = rate > best ? rate : best;
    }
    return best;
}

/// Where there is no loop over registers: a tile that stays in the first cache.
static void multiply_in_cache(enum kernels_format format, long tiles) {
    enum { STEPS = 64 };
    _Alignas(64) char panel[STEPS * PANEL_STEP_BYTES] = {0};
    _Alignas(64) char sums[TILE_ROWS * PANEL_STEP_BYTES] = {0};
    char x[TILE_ROWS * STEPS * STEP_BYTES] = {0};
    struct matrix_tile tile = {
        .x = x, .x_stride = STEPS * STEP_BYTES, .panel = panel, .steps = STEPS, .rows = TILE_ROWS, .columns = 4,
        .sums = sums, .sums_stride = PANEL_OUTPUTS, .prefetch = panel,
    };
    for (long index = 0; index < tiles; index++) {
        matrix_kernels()->tile(format, &tile);
    }
}

/// Whether the path multiplies such numbers with an instruction of AVX-512.
static bool has_products(enum kernels_format format) {
    return kernels_path() >= (format == KERNELS_BFLOAT16 ? KERNELS_AVX512 : KERNELS_AVX512_VNNI);
}

/// Whether the path has instructions for tiles of such numbers.
static bool has_tiles(enum kernels_format format) {
    return kernels_path() == KERNELS_AMX && format != KERNELS_FLOAT32;
}

static void multiply(void *context, int task, int thread) {
    (void)task;
    (void)thread;
    struct peak *peak = context;
#if defined(__x86_64__)
    if (has_tiles(peak->format)) {
        peak_amx(peak->format == KERNELS_INT8, TILE_TURNS);
        return;
    }
    if (has_products(peak->format)) {
        atomic_store_explicit(&peak->unused, peak_avx512(peak->format, TURNS), memory_order_relaxed);
        return;
    }
#endif
    multiply_in_cache(peak->format, TILES);
}

static double peak_of(enum kernels_format format) {
    struct peak peak = {.format = format};
    const int tasks = TASKS_A_THREAD * kernels_threads();
    const double step = format == KERNELS_FLOAT32 ? 1 : format == KERNELS_BFLOAT16 ? 2 : 4;
    const double lanes = has_tiles(format)  ? 4.0 * 16 * 16 * 16 * TILE_TURNS
        : has_products(format) ? 24.0 * 16 * TURNS
                               : 64.0 * TILES * TILE_ROWS * PANEL_OUTPUTS;
    return best_rate(2 * step * lanes * tasks, tasks, multiply, &peak);
}

double kernels_peak_float32(void) { return peak_of(KERNELS_FLOAT32); }
double kernels_peak_bf16(void) { return peak_of(KERNELS_BFLOAT16); }
double kernels_peak_int8(void) { return peak_of(KERNELS_INT8); }

struct reading {
    const uint64_t *words;
    atomic_int unused;
};

enum { READ_TASKS = 96, READ_WORDS = 1 << 18, LARGE_PAGE = 2 << 20 };

static void read_memory(void *context, int task, int thread) {
    (void)thread;
    struct reading *reading = context;
    const uint64_t *words = reading->words + (ptrdiff_t)task * READ_WORDS;
    uint64_t sum = 0;
#if defined(__x86_64__)
    if (kernels_path() >= KERNELS_AVX512_VNNI) {
        sum = read_avx512(words, READ_WORDS);
    } else
#endif
    for (ptrdiff_t index = 0; index < READ_WORDS; index++) {
        sum |= words[index];
    }
    atomic_store_explicit(&reading->unused, (int)sum, memory_order_relaxed);
}

double kernels_peak_read(void) {
    const size_t bytes = (size_t)READ_TASKS * READ_WORDS * sizeof(uint64_t);
    void *memory = aligned_alloc(LARGE_PAGE, bytes);
    if (!memory) {
        return 0;
    }
#if defined(__linux__)
    madvise(memory, bytes, MADV_HUGEPAGE); // as large weights are kept
#endif
    memset(memory, 1, bytes);
    struct reading reading = {.words = memory};
    double rate = best_rate((double)bytes, READ_TASKS, read_memory, &reading);
    free(memory);
    return rate;
}
