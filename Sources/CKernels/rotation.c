#include "rotation.h"

#include "kernels_matrix.h"
#include "kernels_path.h"

#include <math.h>

/// Numbers below which a stride would leave most of a vector unused.
enum { LEAST_STRIDE = 32, VECTOR = 16 };

/// How often a prime divides what is left, which it is taken out of.
static int taken_out(ptrdiff_t *left, int prime) {
    int count = 0;
    while (*left > 0 && *left % prime == 0) {
        *left /= prime;
        count++;
    }
    return count;
}

static void add_stages(struct rotation *rotation, ptrdiff_t *stride, int prime, int count, int most) {
    while (count > 0) {
        const int together = count < most ? count : most;
        int factor = 1;
        for (int index = 0; index < together; index++) {
            factor *= prime;
        }
        rotation->stage[rotation->stages++] = (struct rotation_stage){factor, *stride};
        *stride *= factor;
        count -= together;
    }
}

struct rotation rotation_of(ptrdiff_t inputs) {
    struct rotation rotation = {.inputs = inputs, .lanes = 1};
    ptrdiff_t stride = inputs;
    int twos = taken_out(&stride, 2), threes = taken_out(&stride, 3);
    int fives = taken_out(&stride, 5), sevens = taken_out(&stride, 7);
    rotation.scale = ldexpf(twos % 2 == 1 ? sqrtf(0.5f) : 1, -(twos / 2));
    for (; twos > 0 && rotation.lanes < VECTOR; twos--) {
        rotation.lanes *= 2;
    }
    stride *= rotation.lanes;
    // Fives are left out first: their matrix is the least even one.
    while (stride % VECTOR != 0 && stride < LEAST_STRIDE && fives + sevens + threes > 0) {
        int *count = fives > 0 ? &fives : sevens > 0 ? &sevens : &threes;
        stride *= fives > 0 ? 5 : sevens > 0 ? 7 : 3;
        (*count)--;
    }
    add_stages(&rotation, &stride, 2, twos, 4);
    add_stages(&rotation, &stride, 3, threes, 2);
    add_stages(&rotation, &stride, 5, fives, 1);
    add_stages(&rotation, &stride, 7, sevens, 1);
    return rotation;
}

rotate_row *rotate_row_of_path(void) {
#if defined(__x86_64__)
    if (kernels_path() == KERNELS_AVX512) {
        return rotate_row_avx512;
    }
    if (kernels_path() == KERNELS_AVX2) {
        return rotate_row_avx2;
    }
#endif
    return rotate_row_portable;
}

void kernels_rotate(float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t inputs) {
    const struct rotation rotation = rotation_of(inputs);
    rotate_row *rotate = rotate_row_of_path();
    for (ptrdiff_t row = 0; row < rows; row++) {
        rotate(&rotation, x + row * stride, false, x + row * stride);
    }
}
