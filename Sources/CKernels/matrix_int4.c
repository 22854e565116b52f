#include "matrix_int4.h"

#include "matrix_layout.h"

void unpack_int4(const struct matrix_kernels *kernels, char *to, const struct kernels_weight *weight, ptrdiff_t panel,
                 ptrdiff_t first, ptrdiff_t count) {
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
