#include "rotation.h"

#include "kernels_matrix.h"
#include "kernels_path.h"

#include <math.h>

/// Numbers below which a stride would leave most of a vector unused.
enum { LEAST_STRIDE = 32, VECTOR = 16 };

/// How often each divides.
struct primes {
    int twos, threes, fives, sevens;
};

/// How often a prime divides `left`, which loses it.
static int taken_out(ptrdiff_t *left, int prime) {
    int count = 0;
    while (*left > 0 && *left % prime == 0) {
        *left /= prime;
        count++;
    }
    return count;
}

/// Takes the next prime for a stage, or several of the same, out of what is left; so many that their product is the
/// largest. 1 where nothing is left.
static int next_factor(struct primes *left) {
    const int twos = left->twos < 3 ? left->twos : 3, threes = left->threes < 2 ? left->threes : 2;
    const int factors[] = {1 << twos, threes == 2 ? 9 : threes == 1 ? 3 : 1, left->fives ? 5 : 1, left->sevens ? 7 : 1};
    int best = 0;
    for (int index = 1; index < 4; index++) {
        best = factors[index] > factors[best] ? index : best;
    }
    left->twos -= best == 0 ? twos : 0;
    left->threes -= best == 1 ? threes : 0;
    left->fives -= best == 2;
    left->sevens -= best == 3;
    return factors[best];
}

/// Of the first of what would otherwise be left out, enough for strides that fill vectors. Fives come first: their matrix
/// is the least even one.
static int left_out(struct primes *left) {
    int *const counts[] = {&left->fives, &left->sevens, &left->threes};
    const int primes[] = {5, 7, 3};
    for (int index = 0; index < 3; index++) {
        if (*counts[index] > 0) {
            (*counts[index])--;
            return primes[index];
        }
    }
    return 1;
}

static void choose_signs(struct rotation *rotation, float scale) {
    for (uint32_t index = 0; index < ROTATION_SIGNS + VECTOR; index++) {
        uint32_t bits = index % ROTATION_SIGNS * 0x9e3779b1u + 0x7f4a7c15u;
        bits = (bits ^ bits >> 15) * 0x85ebca6bu;
        rotation->signs[index] = (bits ^ bits >> 13) & 0x8000 ? -scale : scale;
    }
}

void prepare_rotation(struct rotation *rotation, ptrdiff_t inputs) {
    rotation->inputs = inputs;
    rotation->lanes = 1;
    rotation->stages = 0;
    ptrdiff_t stride = inputs;
    struct primes left = {taken_out(&stride, 2), taken_out(&stride, 3), taken_out(&stride, 5), taken_out(&stride, 7)};
    const int all_twos = left.twos;
    for (; left.twos > 0 && rotation->lanes < VECTOR; left.twos--) {
        rotation->lanes *= 2;
    }
    stride *= rotation->lanes;
    for (int factor; stride % VECTOR != 0 && stride < LEAST_STRIDE && (factor = left_out(&left)) > 1;) {
        stride *= factor;
    }
    do {
        const int factor = next_factor(&left);
        rotation->stage[rotation->stages++] = (struct rotation_stage){factor, stride};
        stride *= factor;
    } while (rotation->stages < MOST_ROTATION_STAGES && stride < inputs);
    const int twos = all_twos - left.twos;
    choose_signs(rotation, ldexpf(twos % 2 == 1 ? sqrtf(0.5f) : 1, -(twos / 2)));
}

rotate_row *rotate_row_of_path(void) {
#if defined(__x86_64__)
    if (kernels_path() >= KERNELS_AVX512_VNNI) {
        return rotate_row_avx512;
    }
    if (kernels_path() >= KERNELS_AVX2) {
        return rotate_row_avx2;
    }
#endif
    return rotate_row_portable;
}

void kernels_rotate(float *x, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t inputs) {
    struct rotation rotation;
    prepare_rotation(&rotation, inputs);
    rotate_row *rotate = rotate_row_of_path();
    for (ptrdiff_t row = 0; row < rows; row++) {
        rotate(&rotation, x + row * stride, false, x + row * stride);
    }
}
