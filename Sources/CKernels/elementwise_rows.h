// The row kernels, compiled once for each instruction set; see vector16.h.
#include "elementwise.h"
#include "vector16.h"

INLINE int chunk(int left) { return left < LANES ? left : LANES; }

/// 1 / sqrt(mean(x^2) + epsilon)
INLINE float inverse_root_mean_square(const void *row, int columns, float epsilon, bool half) {
    floats sums[4] = {};
    int column = 0;
    for (; column + 4 * LANES <= columns; column += 4 * LANES) {
        for (int i = 0; i < 4; i++) {
            floats x = loaded(row, column + i * LANES, LANES, half);
            sums[i] += x * x;
        }
    }
    for (; column < columns; column += LANES) {
        floats x = loaded(row, column, chunk(columns - column), half);
        sums[0] += x * x;
    }
    return 1 / sqrtf(sum_of((sums[0] + sums[1]) + (sums[2] + sums[3])) / (float)columns + epsilon);
}

INLINE const void *row_of(const void *rows, ptrdiff_t stride, int row, bool half) {
    return (const char *)rows + row * stride * (half ? 2 : 4);
}

enum { TABLE_COLUMNS = 256 };

/// Some columns of weight, 1 + scale and tanh(gate), computed once for all rows.
struct norm_table {
    float weight[TABLE_COLUMNS], scale[TABLE_COLUMNS], gate[TABLE_COLUMNS];
};

INLINE void fill_table(struct norm_table *table, const struct norm_rows *job, int first, int columns, bool half) {
    for (int i = 0; i < columns; i += LANES) {
        int count = chunk(columns - i);
        store(table->weight, i, LANES, loaded(job->weight, first + i, count, half), false);
        if (job->scale) {
            floats scale = rounded(loaded(job->scale, first + i, count, half) + 1.0f, half);
            store(table->scale, i, LANES, scale, false);
        }
        if (job->gate) {
            floats gate = rounded(tanh_of(loaded(job->gate, first + i, count, half)), half);
            store(table->gate, i, LANES, gate, false);
        }
    }
}

INLINE void norm_columns(
    const struct norm_table *table, const struct norm_rows *job, int row, float inverse, int first, int columns,
    bool half) {
    const void *input = row_of(job->input, job->input_stride, row, half);
    const void *residual = job->residual ? row_of(job->residual, job->residual_stride, row, half) : NULL;
    void *output = (void *)row_of(job->output, job->output_stride, row, half);
    for (int i = 0; i < columns; i += LANES) {
        int count = chunk(columns - i);
        floats x = loaded(input, first + i, count, half) * inverse * loaded(table->weight, i, LANES, false);
        if (job->scale) {
            x = rounded(x, half) * loaded(table->scale, i, LANES, false);
        }
        if (job->gate) {
            x = rounded(x, half) * loaded(table->gate, i, LANES, false);
        }
        if (residual) {
            x = loaded(residual, first + i, count, half) + rounded(x, half);
        }
        store(output, first + i, count, x, half);
    }
}

INLINE void norm_any(const struct norm_rows *job, bool half) {
    float inverse[MAXIMAL_NORM_ROWS];
    struct norm_table table;
    for (int row = 0; row < job->rows; row++) {
        const void *input = row_of(job->input, job->input_stride, row, half);
        inverse[row] = inverse_root_mean_square(input, job->columns, job->epsilon, half);
    }
    for (int first = 0; first < job->columns; first += TABLE_COLUMNS) {
        int columns = job->columns - first < TABLE_COLUMNS ? job->columns - first : TABLE_COLUMNS;
        fill_table(&table, job, first, columns, half);
        for (int row = 0; row < job->rows; row++) {
            norm_columns(&table, job, row, inverse[row], first, columns, half);
        }
    }
}

static void norm(const struct norm_rows *job) {
    if (job->half) {
        norm_any(job, true);
    } else {
        norm_any(job, false);
    }
}

/// A head, normed and rounded as the norm alone would give it, or as it is.
INLINE void read_head(const struct rotary_rows *job, const void *head, float *normed, bool half) {
    float inverse = 1;
    if (job->weight) {
        inverse = inverse_root_mean_square(head, job->head_size, job->epsilon, half);
    }
    for (int i = 0; i < job->head_size; i += LANES) {
        int count = chunk(job->head_size - i);
        floats x = loaded(head, i, count, half);
        if (job->weight) {
            x = rounded(x * inverse * loaded(job->weight, i, count, half), half);
        }
        memcpy(normed + i, &x, sizeof x);
    }
}

/// Element j with element j + D / 2. x is bfloat16 where `half_x`.
INLINE void rotate_halves(
    const void *x, bool half_x, const float *cosine, const float *sine, int half_size, void *output, bool half) {
    for (int i = 0; i < half_size; i += LANES) {
        int count = chunk(half_size - i);
        floats a = loaded(x, i, count, half_x), b = loaded(x, half_size + i, count, half_x);
        floats c = loaded(cosine, i, count, false), s = loaded(sine, i, count, false);
        store(output, i, count, a * c - b * s, half);
        store(output, half_size + i, count, b * c + a * s, half);
    }
}

/// Elements 2j and 2j + 1: x turned, times cosines and sines that stand twice, [D] each.
INLINE void rotate_pairs(const float *x, const float *cosine, const float *sine, int size, void *output, bool half) {
    const floats sign = {-1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1};
    for (int i = 0; i < size; i += LANES) {
        floats a, c, s;
        memcpy(&a, x + i, sizeof a);
        memcpy(&c, cosine + i, sizeof c);
        memcpy(&s, sine + i, sizeof s);
        floats b = __builtin_shufflevector(a, a, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
        store(output, i, chunk(size - i), a * c + b * s * sign, half);
    }
}

static void doubled(const float *table, int count, float *twice) {
    for (int i = 0; i < count; i++) {
        twice[2 * i] = twice[2 * i + 1] = table[i];
    }
}

INLINE void rotary_any(const struct rotary_rows *job, bool half) {
    float normed[MAXIMAL_ROTARY_HEAD], cosines[MAXIMAL_ROTARY_HEAD], sines[MAXIMAL_ROTARY_HEAD];
    for (int row = 0; row < job->rows; row++) {
        const float *cosine = job->cosine + row * job->table_stride;
        const float *sine = job->sine + row * job->table_stride;
        if (job->interleaved) {
            doubled(cosine, job->head_size / 2, cosines);
            doubled(sine, job->head_size / 2, sines);
        }
        for (int head = 0; head < job->heads; head++) {
            ptrdiff_t place = (ptrdiff_t)head * job->head_size;
            const void *input = row_of(job->input, row * job->input_stride + place, 1, half);
            void *output = (void *)row_of(job->output, row * job->output_stride + place, 1, half);
            // What was written a moment ago is slow to read at other places, as halves do.
            if (!job->interleaved && !job->weight) {
                rotate_halves(input, half, cosine, sine, job->head_size / 2, output, half);
                continue;
            }
            read_head(job, input, normed, half);
            if (job->interleaved) {
                rotate_pairs(normed, cosines, sines, job->head_size, output, half);
            } else {
                rotate_halves(normed, false, cosine, sine, job->head_size / 2, output, half);
            }
        }
    }
}

static void rotary(const struct rotary_rows *job) {
    if (job->half) {
        rotary_any(job, true);
    } else {
        rotary_any(job, false);
    }
}
