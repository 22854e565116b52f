#include "matrix_layout.h"

#include "kernels_parallel.h"

#include <stdatomic.h>
#include <string.h>

enum {
    EXPONENTS = 256,
    /// Those of a panel that follow each other; there is a code for 0 too.
    WINDOW = 15,
    /// Exponents of about so many steps are counted.
    COUNTED_STEPS = 128,
    WORDS = COMPACT_CODE_BYTES / 2,
};

struct compaction {
    const struct kernels_weight *weight, *compact;
    atomic_bool failed;
};

static int exponent_of(uint16_t number) { return number >> 7 & 0xff; }

/// Sets the exponents: 0, as a panel may be filled up, and those that follow each other of which there are most.
static void choose_exponents(uint8_t exponents[WINDOW + 1], const uint16_t *numbers, ptrdiff_t steps) {
    uint32_t counts[EXPONENTS] = {0}, sum = 0, most = 0;
    int last = WINDOW;
    for (ptrdiff_t step = 0; step < steps; step += ceiling_division(steps, COUNTED_STEPS)) {
        for (ptrdiff_t index = 0; index < COMPACT_STEP_NUMBERS; index++) {
            counts[exponent_of(numbers[step * COMPACT_STEP_NUMBERS + index])]++;
        }
    }
    for (int exponent = 1; exponent < EXPONENTS; exponent++) {
        sum += counts[exponent] - (exponent > WINDOW ? counts[exponent - WINDOW] : 0);
        if (sum > most) {
            most = sum;
            last = exponent > WINDOW ? exponent : WINDOW;
        }
    }
    exponents[0] = 0;
    for (int code = 1; code <= WINDOW; code++) {
        exponents[code] = (uint8_t)(last - WINDOW + code);
    }
}

/// Whether there is a code for all numbers.
static bool write_step(char *to, uint16_t first, const uint16_t *numbers) {
    uint16_t *words = (uint16_t *)to, codes[COMPACT_STEP_NUMBERS], missing = 0;
    uint8_t *rests = (uint8_t *)to + COMPACT_CODE_BYTES;
    for (int index = 0; index < COMPACT_STEP_NUMBERS; index++) {
        const uint16_t exponent = numbers[index] >> 7 & 0xff, place = (uint16_t)(exponent - first);
        const uint16_t is_there = place < WINDOW ? 0xffff : 0;
        codes[index] = (uint16_t)(place + 1) & is_there;
        missing |= exponent & (uint16_t)~is_there;
        rests[index] = (uint8_t)((numbers[index] >> 8 & 0x80) | (numbers[index] & 0x7f));
    }
    for (int word = 0; word < WORDS; word++) {
        words[word] = (uint16_t)(codes[word] | codes[WORDS + word] << 4 | codes[2 * WORDS + word] << 8
                                 | codes[3 * WORDS + word] << 12);
    }
    return missing == 0;
}

/// False where there is no room for them.
static bool add_exceptions(struct compact_panel *panel, ptrdiff_t most, const uint16_t *numbers, ptrdiff_t place) {
    for (ptrdiff_t index = 0; index < COMPACT_STEP_NUMBERS; index++) {
        const int exponent = exponent_of(numbers[index]), code = exponent - panel->exponents[1];
        if (exponent == 0 || (code >= 0 && code < WINDOW)) {
            continue;
        }
        if (panel->exceptions == most || place + index >= 1 << 24) {
            return false;
        }
        panel->exception[panel->exceptions++] = (uint32_t)(place + index) << 8 | (uint32_t)exponent;
    }
    return true;
}

static bool compact_panel_of(const struct kernels_weight *weight, const struct kernels_weight *compact,
                             ptrdiff_t index) {
    const ptrdiff_t steps = panel_steps(weight), before = compact_bytes_before(steps);
    const uint16_t *numbers = (const uint16_t *)panel_start(weight, index);
    struct compact_panel *panel = (struct compact_panel *)panel_start(compact, index);
    const ptrdiff_t most = compact_exception_bytes(steps) / (ptrdiff_t)sizeof(uint32_t);
    memset(panel, 0, (size_t)before);
    choose_exponents(panel->exponents, numbers, steps);
    for (ptrdiff_t step = 0; step < steps; step++, numbers += COMPACT_STEP_NUMBERS) {
        char *to = (char *)panel + before + step * COMPACT_STEP_BYTES;
        if (!write_step(to, panel->exponents[1], numbers)
            && !add_exceptions(panel, most, numbers, step * COMPACT_STEP_NUMBERS)) {
            return false;
        }
    }
    return true;
}

static void compact_task(void *context, int panel, int thread) {
    (void)thread;
    struct compaction *compaction = context;
    if (!atomic_load_explicit(&compaction->failed, memory_order_relaxed)
        && !compact_panel_of(compaction->weight, compaction->compact, panel)) {
        atomic_store(&compaction->failed, true);
    }
}

bool kernels_compact(const struct kernels_weight *weight, const struct kernels_weight *compact) {
    struct compaction compaction = {.weight = weight, .compact = compact};
    if (panel_steps(weight) > 0) {
        kernels_parallel((int)panel_count(weight), compact_task, &compaction);
    }
    return !atomic_load(&compaction.failed);
}
