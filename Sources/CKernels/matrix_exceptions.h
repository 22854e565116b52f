// Numbers of compact bfloat16 whose exponents their codes do not say.

#ifndef KERNELS_MATRIX_EXCEPTIONS_H
#define KERNELS_MATRIX_EXCEPTIONS_H

#include "matrix_layout.h"

/// How many a panel has. A damaged file may say that there are more than there is room for.
static inline uint32_t exception_count(const struct compact_panel *panel, ptrdiff_t steps) {
    const ptrdiff_t most = compact_exception_bytes(steps) / (ptrdiff_t)sizeof(uint32_t);
    return panel->exceptions < most ? panel->exceptions : (uint32_t)most;
}

static inline ptrdiff_t number_of_exception(uint32_t exception) { return exception >> 8; }

/// What an exception makes of the number that its code says.
static inline uint16_t with_exception(uint16_t number, uint32_t exception) {
    return (uint16_t)((number & 0x807f) | (exception & 0xff) << 7);
}

/// Those that are still to come while steps pass, and the step of the first; -1 where there is none.
struct exceptions_left {
    const uint32_t *next, *end;
    ptrdiff_t step;
};

static inline ptrdiff_t step_of_next(const struct exceptions_left *left) {
    return left->next < left->end ? number_of_exception(*left->next) / COMPACT_STEP_NUMBERS : -1;
}

/// All of a panel of so many steps.
static inline struct exceptions_left exceptions_of(const struct compact_panel *panel, ptrdiff_t steps) {
    struct exceptions_left left = {panel->exception, panel->exception + exception_count(panel, steps), 0};
    left.step = step_of_next(&left);
    return left;
}

/// Puts those of the step at hand, of which these are the numbers, in their places.
static inline void restore_step(uint16_t numbers[COMPACT_STEP_NUMBERS], struct exceptions_left *left) {
    const ptrdiff_t step = left->step;
    for (; left->step == step; left->step = step_of_next(left)) {
        const uint32_t exception = *left->next++;
        uint16_t *number = &numbers[number_of_exception(exception) % COMPACT_STEP_NUMBERS];
        *number = with_exception(*number, exception);
    }
}

#endif
