#include "matrix_unpack.h"

#include "matrix_exceptions.h"
#include "matrix_layout.h"

static void unpack_int4(const struct matrix_kernels *kernels, char *to, const struct kernels_weight *weight,
                        ptrdiff_t panel, ptrdiff_t first, ptrdiff_t count) {
    const ptrdiff_t steps = int4_group_steps(weight), end = first + count;
    for (ptrdiff_t step = first; step < end;) {
        const ptrdiff_t in_group = step % steps, left = steps - in_group;
        const ptrdiff_t here = end - step < left ? end - step : left;
        const char *group = panel_step(weight, panel, step - in_group);
        kernels->unpack_int4(to, (const int8_t *)group, group + INT4_MULTIPLES_BYTES + in_group * INT4_STEP_BYTES, here);
        to += here * PANEL_STEP_BYTES;
        step += here;
    }
}

/// The first of so many exceptions at a place or after it.
static uint32_t exception_from(const struct compact_panel *panel, uint32_t count, ptrdiff_t place) {
    uint32_t first = 0, end = count;
    while (first < end) {
        const uint32_t middle = first + (end - first) / 2;
        if (number_of_exception(panel->exception[middle]) < place) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first;
}

/// Of steps first..<first + count, which were unpacked to memory.
static void restore_exceptions(char *to, const struct compact_panel *panel, ptrdiff_t steps, ptrdiff_t first,
                               ptrdiff_t count) {
    const ptrdiff_t start = first * COMPACT_STEP_NUMBERS, numbers = count * COMPACT_STEP_NUMBERS;
    const uint32_t exceptions = exception_count(panel, steps);
    for (uint32_t index = exception_from(panel, exceptions, start); index < exceptions; index++) {
        const uint32_t exception = panel->exception[index];
        const ptrdiff_t place = number_of_exception(exception) - start;
        if (place < 0 || place >= numbers) {
            return;
        }
        uint16_t *number = (uint16_t *)to + place;
        *number = with_exception(*number, exception);
    }
}

void unpack_steps(const struct matrix_kernels *kernels, char *to, const struct kernels_weight *weight, ptrdiff_t panel,
                  ptrdiff_t first, ptrdiff_t count, enum matrix_reading reading) {
    if (weight->format == KERNELS_INT4) {
        unpack_int4(kernels, to, weight, panel, first, count);
        return;
    }
    if (count == 0) {
        return; // A panel without steps has no beginning either.
    }
    const struct compact_panel *start = (const struct compact_panel *)panel_start(weight, panel);
    kernels->unpack_compact(to, start->exponents, panel_step(weight, panel, first), count, reading);
    restore_exceptions(to, start, panel_steps(weight), first, count);
}
